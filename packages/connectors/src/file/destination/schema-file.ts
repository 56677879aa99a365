import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, replaceFile } from "@weir/kit";
import type { Field, FieldKind, JsonObject, SchemaNote, StreamPlan } from "@weir/protocol";
import { isObject, parseJson, stringifyJson } from "@weir/protocol";
import { columnNames, META_COLUMNS } from "../../duckdb/destination/names.ts";
import { fold } from "../../duckdb/destination/sql.ts";
import { type ColumnType, parseType, sameType, typeOf, typeSql } from "../../duckdb/destination/types.ts";
import { widen } from "../../duckdb/destination/widen.ts";
import type { Format } from "./config.ts";
import { codeOf } from "./failures.ts";

export const SCHEMA_FILE = "_schema.json";

/** A column of the files, as `_schema.json` has it. */
export interface FileColumn {
  /** In the files. */
  readonly name: string;
  readonly kind: FieldKind;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
  /** In Parquet: DuckDB's name of the type. */
  readonly type?: string | undefined;
}

export interface TableSchema {
  readonly format: Format;
  /** Those of Weir first. Files written before a column came lack it. */
  readonly columns: readonly FileColumn[];
}

/** A field of a stream and its column. */
export interface StreamColumn {
  readonly field: Field;
  readonly name: string;
  readonly kind: FieldKind;
  /** In Parquet. */
  readonly type: ColumnType;
}

const META_KINDS: readonly FieldKind[] = ["string", "timestamp_with_timezone", "object", "integer"];
const META_TYPES = ["VARCHAR", "TIMESTAMPTZ", "JSON", "BIGINT"];

/** How CSV files are written, for readers. */
const CSV = { header: true, delimiter: ",", quote: '"', null: "", line_end: "\n" } as const;

export async function readSchema(folder: string): Promise<TableSchema | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, SCHEMA_FILE), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const value = parseJson(text);
  const isSchema = isObject(value) && value["weir"] === 1 && Array.isArray(value["columns"]);
  return isSchema ? (value as unknown as TableSchema) : undefined;
}

export async function writeSchema(folder: string, schema: TableSchema, unique: string): Promise<void> {
  await makeFolder(folder);
  const { format, columns } = schema;
  const document = { weir: 1, format, ...(format === "csv" ? { csv: CSV } : {}), columns };
  const text = `${JSON.stringify(JSON.parse(stringifyJson(document as unknown as JsonObject)), null, 2)}\n`;
  const path = join(folder, SCHEMA_FILE);
  if ((await readFile(path, "utf8").catch(() => "")) !== text)
    await replaceFile(path, text, { draft: `${path}.${unique}.tmp` });
}

export interface Evolved {
  readonly schema: TableSchema;
  /** One for each field of the plan, in its order. */
  readonly columns: readonly StreamColumn[];
  readonly notes: readonly SchemaNote[];
}

/** The columns of a table once the plan's fields are in it. `found`: as it is; absent for a new or replaced one. */
export function evolve(plan: StreamPlan, format: Format, found: TableSchema | undefined): Evolved {
  const before = new Map((found?.columns ?? []).map((column) => [fold(column.name), column]));
  const names = columnNames(plan.fields, new Map([...before].map(([key, { name }]) => [key, name])));
  const notes: SchemaNote[] = found === undefined ? [`${plan.table.name}: created`] : [];
  const columns = plan.fields.map((field): StreamColumn => {
    const name = names.get(field.name) ?? field.name;
    const old = before.get(fold(name));
    const column = joined(plan, format, field, name, old);
    const text = textOf(column, format);
    if (old === undefined && found !== undefined)
      notes.push(`${plan.table.name}: added column ${name} (${text})`);
    if (old !== undefined && (old.type ?? old.kind) !== text)
      notes.push(`${plan.table.name}: column ${name} is ${text}, was ${old.type ?? old.kind}`);
    return column;
  });
  const own = META_COLUMNS.map((name, index): FileColumn => {
    const kind = META_KINDS[index] ?? "string";
    return { name, kind, ...(format === "parquet" ? { type: META_TYPES[index] } : {}) };
  });
  const now = new Map(columns.map((column) => [fold(column.name), fileColumn(column, format)]));
  const rest = [...before].filter(([key]) => !own.some(({ name }) => name === key));
  const all = [
    ...own,
    ...rest.map(([key, old]) => now.get(key) ?? old),
    ...[...now].filter(([key]) => !before.has(key)).map(([, column]) => column),
  ];
  return { schema: { format, columns: all }, columns, notes };
}

function textOf({ kind, type }: StreamColumn, format: Format): string {
  return format === "parquet" ? typeSql(type) : kind;
}

function fileColumn({ name, kind, type, field }: StreamColumn, format: Format): FileColumn {
  const { precision, scale } = field;
  return {
    name,
    kind,
    ...(kind === "number" && precision !== undefined && scale !== undefined ? { precision, scale } : {}),
    ...(format === "parquet" ? { type: typeSql(type) } : {}),
  };
}

function joined(
  { nativeTypes }: StreamPlan,
  format: Format,
  field: Field,
  name: string,
  old: FileColumn | undefined,
): StreamColumn {
  const wanted = parquetType(field, nativeTypes);
  if (old === undefined) return { field, name, kind: field.kind, type: wanted };
  const kind = joinedKind(old.kind, field.kind);
  const before = old.type === undefined ? undefined : parseType(old.type);
  const type = format === "parquet" && before !== undefined ? widen(before, wanted) : wanted;
  const isSame = before !== undefined && sameType(type, before) && old.kind === field.kind;
  if (kind !== "number" || isSame) return { field, name, kind, type };
  // Of two declarations of digits neither holds for all files.
  const { precision: _precision, scale: _scale, ...rest } = field;
  const same = old.precision === field.precision && old.scale === field.scale;
  return { field: same ? field : rest, name, kind, type };
}

/** What holds values of both, in files whose values are text or JSON. */
function joinedKind(old: FieldKind, wanted: FieldKind): FieldKind {
  if (old === wanted) return old;
  const both = new Set([old, wanted]);
  if (both.has("integer") && both.has("number")) return "number";
  return both.has("unknown") || both.has("union") ? "unknown" : "string";
}

/** Parquet has no time with an offset: such a value stays text. */
function parquetType(field: Field, nativeTypes: boolean): ColumnType {
  return field.kind === "time_with_timezone" ? { base: "VARCHAR" } : typeOf(field, nativeTypes);
}
