import { textReader } from "@weir/kit";
import type { Column, ColumnBatch, Field, JsonObject, JsonValue } from "@weir/protocol";
import { parseJson } from "@weir/protocol";

/** A row of a batch as the record it came from, for those who look into rejects. */
export function recordOf(fields: readonly Field[], batch: ColumnBatch, row: number): JsonObject {
  return Object.fromEntries(
    fields.map((field, at) => {
      const column = batch.columns[at];
      return [field.name, column === undefined ? null : valueOf(field, column, row)];
    }),
  );
}

function valueOf(field: Field, column: Column, row: number): JsonValue {
  if (column.form === "json") return column.values[row] ?? null;
  if (column.form !== "text" && column.nulls?.[row] === 1) return null;
  if (column.form === "boolean") return column.values[row] !== 0;
  if (column.form === "float64") return numberValue(String(column.values[row]));
  const read = textReader(column, field.kind)(row);
  const own = column.form === "text" ? (column.values[row] ?? null) : String(column.values[row]);
  // What fits no kind is shown as it came.
  const text = typeof read === "string" ? read : own;
  if (text === null) return null;
  switch (field.kind) {
    case "boolean":
      return text === "true" || text === "t" ? true : text === "false" || text === "f" ? false : text;
    case "integer":
    case "number":
    case "object":
    case "array":
    case "union":
    case "unknown":
      return numberValue(text);
    default:
      return text;
  }
}

/** The JSON value a text spells, or the text itself: `NaN`, `007`. */
function numberValue(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
