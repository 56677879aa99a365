import type { MakeColumn } from "./columns.ts";
import { ids, Int64Values, integers, updatedAt, updates } from "./columns.ts";
import type { Generator } from "./generator.ts";
import { PRODUCTS } from "./products.ts";
import { bitsOf, pick, saltOf } from "./random.ts";

/** Of every ten users the sixth buys nothing, the eighth twice and the others once: which user a purchase belongs to. */
const USER_IN_TEN = [0, 1, 2, 3, 4, 6, 7, 7, 8, 9];

/** What the first users buy. More users only add rows at the end. */
function purchasesOf(users: number): number {
  const rest = users % 10;
  return users - (rest > 5 ? 1 : 0) + (rest > 7 ? 1 : 0);
}

/** Rows follow from the number of users: as many on average as there are users. */
export function purchases(userCount: number, seed: number): Generator {
  const salt = (field: string): number => saltOf(seed, `purchases.${field}`);
  const course = salt("course");
  const timestamp = "timestamp_with_timezone";
  return {
    name: "purchases",
    rows: purchasesOf(userCount),
    made: [
      { field: { name: "id", kind: "integer" }, make: ids() },
      { field: { name: "user_id", kind: "integer" }, make: buyers },
      { field: { name: "product_id", kind: "integer" }, make: integers(salt("product_id"), 1, PRODUCTS) },
      { field: { name: "created_at", kind: timestamp }, make: moments(course, "created") },
      { field: { name: "updated_at", kind: timestamp }, make: updates() },
      { field: { name: "added_to_cart_at", kind: timestamp }, make: moments(course, "added") },
      { field: { name: "purchased_at", kind: timestamp }, make: moments(course, "purchased") },
      { field: { name: "returned_at", kind: timestamp }, make: moments(course, "returned") },
    ],
    rowBytes: 67,
  };
}

function buyers(from: number, rows: number): ReturnType<MakeColumn> {
  const column = new Int64Values(rows);
  for (let row = 0; row < rows; row++) {
    const number = from + row;
    column.set(row, number - (number % 10) + (USER_IN_TEN[number % 10] ?? 0) + 1);
  }
  return { form: "int64", values: column.values };
}

const STEPS = ["returned", "purchased", "added", "created"] as const;
const MINUTE = 60_000_000;

/**
 * The course of a purchase, backwards from its last update in steps of up to 30 days. One in three carts is left behind
 * and never purchased; of the others one in seven comes back.
 */
function moments(salt: number, step: (typeof STEPS)[number]): MakeColumn {
  const stepsBack = STEPS.indexOf(step);
  return (from, rows) => {
    const column = new Int64Values(rows);
    const nulls = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) {
      const bits = bitsOf(salt, from + row);
      const purchased = bits % 10 < 7;
      if (!purchased ? stepsBack < 2 : stepsBack === 0 && bits % 7 !== 0) nulls[row] = 1;
      let moment = updatedAt(from + row);
      for (let back = 0; back < stepsBack; back++) moment -= pick(bitsOf(bits, back), 43_200) * MINUTE;
      column.set(row, moment);
    }
    return { form: "int64", values: column.values, nulls: stepsBack < 2 ? nulls : undefined };
  };
}
