import type { TextReader } from "@weir/kit";
import { isMisfit, parseDecimal, textReader } from "@weir/kit";
import type { Change, ColumnBatch, FieldKind, RowMeta } from "@weir/protocol";
import { metaText } from "../../../duckdb/destination/row-meta.ts";
import { META_COLUMNS } from "../../../duckdb/destination/names.ts";
import type { StreamColumn } from "../schema-file.ts";

/** How rows are spelled in one format. */
export interface LineFormat {
  /** First line of each file; empty for none. */
  header(columns: readonly StreamColumn[]): string;
  line(meta: readonly string[], values: readonly (string | null)[], columns: readonly StreamColumn[]): string;
}

export const csvLines: LineFormat = {
  header: (columns) => csvLine([...META_COLUMNS, ...columns.map(({ name }) => name)]),
  line: (meta, values) => csvLine([...meta, ...values]),
};

/** NULL is nothing at all, an empty text a pair of quotes. */
function csvLine(values: readonly (string | null)[]): string {
  return `${values.map((value) => (value === null ? "" : csvText(value))).join(",")}\n`;
}

function csvText(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** JSON text of each column's name with its colon, made once for each load. */
const names = new WeakMap<readonly StreamColumn[], readonly string[]>();

export const jsonLines: LineFormat = {
  header: () => "",
  line: ([rawId = "", at = "", meta = "", generation = ""], values, columns) => {
    let keys = names.get(columns);
    if (keys === undefined) {
      keys = columns.map(({ name }) => `,${JSON.stringify(name)}:`);
      names.set(columns, keys);
    }
    let line = `{"_airbyte_raw_id":"${rawId}","_airbyte_extracted_at":"${at}","_airbyte_meta":${meta},"_airbyte_generation_id":${generation}`;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? null;
      line += keys[index] ?? "";
      line += value === null ? "null" : jsonText(value, columns[index]?.field.kind ?? "string");
    }
    return `${line}}\n`;
  },
};

/** JSON of a value's canonical text. Digits stay as they are; NaN and the infinities, which JSON lacks, are strings. */
function jsonText(text: string, kind: FieldKind): string {
  switch (kind) {
    case "boolean":
      return text;
    case "integer":
      return text.replace(/^(-?)0+(?=\d)/, "$1");
    case "number":
      return jsonNumber(text);
    case "object":
    case "array":
    case "union":
    case "unknown":
      return text;
    default:
      return JSON.stringify(text);
  }
}

function jsonNumber(text: string): string {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return text;
  const value = parseDecimal(text);
  return typeof value === "object" ? `${value.unscaled}e${-value.scale}` : JSON.stringify(text);
}

/** A row's canonical values, what was found wrong with them, and Weir's own four. */
export interface TextRow {
  readonly meta: readonly string[];
  readonly values: readonly (string | null)[];
  readonly isChanged: boolean;
}

const JSON_KINDS: ReadonlySet<FieldKind> = new Set(["object", "array", "union", "unknown"]);

/** The rows of a batch. `first` is the number of its first row within the load. */
export function* textRows(
  batch: ColumnBatch,
  columns: readonly StreamColumn[],
  meta: RowMeta,
  first: number,
): Generator<TextRow> {
  const readers = columns.map(({ field }, index) => {
    const column = batch.columns[index];
    if (column === undefined) throw new TypeError(`The batch has no column for field "${field.name}".`);
    return { name: field.name, read: readerOf(textReader(column, field.kind), field.kind) };
  });
  const plain = metaText(meta.sync, []);
  const at = new Date(meta.extractedAt).toISOString();
  const generation = String(meta.generation);
  for (let row = 0; row < batch.rows; row++) {
    let changes: Change[] | undefined;
    const before = batch.changes?.get(row);
    if (before !== undefined && before.length > 0) changes = [...before];
    const values: (string | null)[] = [];
    for (const { name, read } of readers) {
      const value = read(row);
      if (!isMisfit(value)) {
        values.push(value);
        continue;
      }
      (changes ??= []).push({ field: name, change: value.change, reason: value.reason });
      values.push(value.text);
    }
    const emitted = batch.emittedAt?.[row];
    yield {
      meta: [
        meta.rawIdPrefix + (first + row).toString(16).padStart(8, "0"),
        emitted === undefined ? at : new Date(emitted).toISOString(),
        changes === undefined ? plain : metaText(meta.sync, changes),
        generation,
      ],
      values,
      isChanged: changes !== undefined,
    };
  }
}

/** JSON may come with line breaks between its values, where they mean nothing, and a line is a row. */
function readerOf(read: TextReader, kind: FieldKind): TextReader {
  if (!JSON_KINDS.has(kind)) return read;
  return (row) => {
    const value = read(row);
    return typeof value === "string" && /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, " ") : value;
  };
}
