import { createHash } from "node:crypto";
import type { Catalog, Column, Field, JsonObject, JsonValue, Measure, Stream } from "@weir/protocol";
import { ExactNumber, schemaOf } from "@weir/protocol";
import { isMisfit, textReader } from "../values/index.ts";

/** A stream held in memory. Tests may change `rows` between and during syncs; a part keeps the rows it was cut from. */
export interface MemoryStream {
  readonly name: string;
  readonly namespace?: string | undefined;
  fields: readonly Field[];
  readonly primaryKey?: readonly string[] | undefined;
  /** Given: the stream can be read incrementally. */
  readonly cursor?: string | undefined;
  rows: readonly JsonObject[];
}

export function catalogOf(streams: readonly MemoryStream[]): Catalog {
  return { streams: streams.map(streamOf) };
}

function streamOf({ name, namespace, fields, primaryKey, cursor }: MemoryStream): Stream {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    json_schema: schemaOf(fields),
    supported_sync_modes: cursor === undefined ? ["full_refresh"] : ["full_refresh", "incremental"],
    ...(cursor === undefined ? {} : { source_defined_cursor: true, default_cursor_field: [cursor] }),
    ...(primaryKey === undefined ? {} : { source_defined_primary_key: primaryKey.map((field) => [field]) }),
    is_resumable: true,
  };
}

/** Columns of rows, in the form that says least about them. */
export function columnsOf(rows: readonly JsonObject[], fields: readonly Field[]): readonly Column[] {
  return fields.map(({ name }) => ({ form: "json", values: rows.map((row) => row[name]) }));
}

/** Order of two cursor or key values; null comes first. */
export function compareValues(left: JsonValue | undefined, right: JsonValue | undefined): number {
  const [a, b] = [comparable(left), comparable(right)];
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparable(value: JsonValue | undefined): number | bigint | string | null {
  if (value === undefined || value === null) return null;
  if (value instanceof ExactNumber) return Number(value.text);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  throw new TypeError("Only numbers and texts can be put in order.");
}

export function measureRows(
  rows: readonly JsonObject[],
  fields: readonly Field[],
  key: readonly string[],
): Measure {
  if (key.length === 0) return { rows: rows.length };
  const keyFields = key.map((name) => fields.find((field) => field.name === name) ?? missing(name));
  const readers = columnsOf(rows, keyFields).map((column, index) =>
    textReader(column, keyFields[index]?.kind ?? "string"),
  );
  let sum = 0n;
  for (let row = 0; row < rows.length; row++) {
    const text = readers
      .map((read) => {
        const value = read(row);
        return value === null || isMisfit(value) ? "\\N" : value;
      })
      .join("\u001F");
    sum += BigInt(`0x${createHash("md5").update(text).digest("hex").slice(0, 15)}`);
  }
  return { rows: rows.length, checksum: String(sum) };
}

function missing(name: string): never {
  throw new TypeError(`There is no field "${name}".`);
}
