import type { RecordFields } from "@weir/kit";
import { ExactNumber, type FieldKind, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";

const INT64 = 2n ** 63n;

/**
 * The fields of the rows in the order they first appear, with the narrowest kind that holds every value. Fields that are
 * null everywhere are strings. Fails with `source.field_missing` when no row has a field that is needed.
 */
export function inferFields(rows: readonly JsonObject[], needed: readonly string[]): RecordFields {
  const kinds = new Map<string, FieldKind | undefined>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) kinds.set(name, widened(kinds.get(name), kindOf(value)));
  }
  if (rows.length === 0) needed.forEach((name) => kinds.set(name, undefined));
  const missing = needed.filter((name) => !kinds.has(name));
  if (missing.length > 0) throw fieldMissing(missing, [...kinds.keys()]);
  return Object.fromEntries([...kinds].map(([name, kind]) => [name, kind ?? "string"]));
}

function kindOf(value: JsonValue | undefined): FieldKind | undefined {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "string":
      return "string";
    case "bigint":
      return value >= -INT64 && value < INT64 ? "integer" : "number";
    case "number":
      return Number.isSafeInteger(value) ? "integer" : "number";
    default:
      if (value === null || value === undefined) return undefined;
      if (value instanceof ExactNumber) return "number";
      return Array.isArray(value) ? "array" : "object";
  }
}

function widened(before: FieldKind | undefined, now: FieldKind | undefined): FieldKind | undefined {
  if (before === undefined || before === now) return now ?? before;
  if (now === undefined) return before;
  const numbers = [before, now].every((kind) => kind === "integer" || kind === "number");
  return numbers ? "number" : "union";
}

function fieldMissing(missing: readonly string[], found: readonly string[]): WeirError {
  return new WeirError({
    code: "source.field_missing",
    message: `No row has the field ${missing.join(" or ")}.`,
    next: `Set primary_key and cursor to fields of the rows: ${found.join(", ")}.`,
    recovery: "ask",
    origin: "source",
    path: "primary_key",
  });
}
