import type { Change, Column, ColumnBatch, Encoding, FieldKind, JsonObject, JsonValue } from "@weir/protocol";
import { parseJson } from "@weir/protocol";
import { isMisfit, textReader } from "./values/index.ts";

/** One row of a batch as a JSON record. */
export interface BatchRow {
  /** Values by field name, NULL as null. */
  readonly data: JsonObject;
  /** What was changed on the way here, and what was found not to fit its field. */
  readonly changes: readonly Change[];
  /** Milliseconds since 1970, where the batch says when the row was read. */
  readonly emittedAt: number | undefined;
}

/**
 * The rows of a batch, whatever the form of its columns. Integers beyond 2^53 are bigint and decimals a double would
 * change ExactNumber; NaN and infinities, which JSON numbers lack, and dates and times are canonical text. A value that
 * does not fit its field is null, with a change.
 */
export function* rowsOf(batch: ColumnBatch, encoding: Encoding): Generator<BatchRow> {
  const readers = encoding.columns.map(({ field }, index) => {
    const column = batch.columns[index];
    if (column === undefined) throw new TypeError(`The batch has no column for field "${field.name}".`);
    return { name: field.name, read: valueReader(column, field.kind) };
  });
  for (let row = 0; row < batch.rows; row++) {
    const changes: Change[] = [...(batch.changes?.get(row) ?? [])];
    const data = Object.fromEntries(readers.map(({ name, read }) => [name, read(row, name, changes)]));
    yield { data, changes, emittedAt: batch.emittedAt?.[row] };
  }
}

type ValueReader = (row: number, name: string, changes: Change[]) => JsonValue;

function valueReader(column: Column, kind: FieldKind): ValueReader {
  const read = textReader(column, kind);
  const parse = valueParser(kind);
  return (row, name, changes) => {
    const value = read(row);
    if (value === null) return null;
    if (!isMisfit(value)) return parse(value);
    changes.push({ field: name, change: value.change, reason: value.reason });
    return value.text === null ? null : parse(value.text);
  };
}

function valueParser(kind: FieldKind): (text: string) => JsonValue {
  switch (kind) {
    case "boolean":
      return (text) => text === "true";
    case "integer":
      return (text) => parseJson(withoutLeadingZeros(text));
    case "number":
      return (text) => (/\d/.test(text) ? parseJson(withoutLeadingZeros(text)) : text);
    case "object":
    case "array":
    case "union":
    case "unknown":
      return parseJson;
    default:
      return (text) => text;
  }
}

/** JSON has no `007`. */
function withoutLeadingZeros(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, "$1");
}
