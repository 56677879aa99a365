import type { MakeColumn } from "./columns.ts";
import { creations, ids, integers, updates } from "./columns.ts";
import type { Generator } from "./generator.ts";
import { bitsOf, pick, saltOf } from "./random.ts";
import { MAKES, MODELS } from "./words.ts";

/** How many products there are, whatever the number of users. */
export const PRODUCTS = MAKES.length * MODELS.length;

/** Every pair of make and model once. */
export function products(seed: number): Generator {
  const salt = (field: string): number => saltOf(seed, `products.${field}`);
  return {
    name: "products",
    rows: PRODUCTS,
    made: [
      { field: { name: "id", kind: "integer" }, make: ids() },
      { field: { name: "make", kind: "string" }, make: texts(makeOf) },
      { field: { name: "model", kind: "string" }, make: texts(modelOf) },
      { field: { name: "year", kind: "integer" }, make: integers(salt("year"), 1985, 2024) },
      { field: { name: "price", kind: "number" }, make: prices(salt("price")) },
      {
        field: { name: "description", kind: "string" },
        make: texts((row) => `The ${makeOf(row)} ${modelOf(row)} goes where you go.`),
      },
      { field: { name: "created_at", kind: "timestamp_with_timezone" }, make: creations(salt("created_at")) },
      { field: { name: "updated_at", kind: "timestamp_with_timezone" }, make: updates() },
    ],
    rowBytes: 160,
  };
}

function makeOf(row: number): string {
  return MAKES[Math.floor(row / MODELS.length)] ?? "";
}

function modelOf(row: number): string {
  return MODELS[row % MODELS.length] ?? "";
}

function texts(textOf: (row: number) => string): MakeColumn {
  return (from, rows) => ({
    form: "text",
    values: Array.from({ length: rows }, (_, row) => textOf(from + row)),
  });
}

/** 500.00 to 99,999.99; cents divided by 100 are the double nearest to the price. */
function prices(salt: number): MakeColumn {
  return (from, rows) => ({
    form: "float64",
    values: Float64Array.from(
      { length: rows },
      (_, row) => (50_000 + pick(bitsOf(salt, from + row), 9_950_000)) / 100,
    ),
  });
}
