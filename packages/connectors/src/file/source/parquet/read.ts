import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { Column, ColumnBatch } from "@weir/protocol";
import type { FoundFile } from "../found.ts";
import { FILE_COLUMN, LINE_COLUMN, type RowRequest, SYNC_COLUMNS, unknownColumn } from "../rows.ts";
import type { StreamScene } from "../scene.ts";
import { type ParquetAccess, withParquet } from "./database.ts";
import { columnsIn, type ParquetColumn } from "./schema.ts";

export interface RowRange {
  readonly from: number;
  /** Not among them. */
  readonly to: number;
}

/** Rows of a Parquet file; row groups outside the range are not looked at. */
export function readParquet(
  { config }: StreamScene,
  file: FoundFile,
  range: RowRange | undefined,
  request: RowRequest,
  signal: AbortSignal,
): AsyncGenerator<ColumnBatch> {
  return withParquet(file, config.token, signal, (access) => batches(access, file, range, request, signal));
}

const ROW = "file_row_number";

async function* batches(
  access: ParquetAccess,
  file: FoundFile,
  range: RowRange | undefined,
  { columns, known, place }: RowRequest,
  signal: AbortSignal,
): AsyncGenerator<ColumnBatch> {
  const { connection, path } = access;
  const own = await columnsIn(access);
  const byName = new Map(own.map((column) => [column.field.name, column]));
  const wanted = columns.map(({ field }): ParquetColumn => {
    if (place && field.name === FILE_COLUMN)
      return {
        field,
        sql: literal(`${file.name.startsWith("\ufeff") ? "\ufeff" : ""}${file.name}`),
        form: "text",
      };
    if (place && field.name === LINE_COLUMN) return { field, sql: `${ROW} + 1`, form: "int64" };
    const found = byName.get(field.name);
    if (found === undefined) return { field, sql: "NULL::VARCHAR", form: "text" };
    return { ...found, sql: found.sql.replaceAll("%", () => identifier(field.name)) };
  });
  const unknown = own.filter(({ field }) => !known.has(field.name) && !SYNC_COLUMNS.has(field.name));
  const list = [
    ...wanted.map(({ sql }) => sql),
    ...unknown.map(({ field }) => `${identifier(field.name)} IS NOT NULL`),
    "true",
  ];
  const where = range === undefined ? "" : ` WHERE ${ROW} >= ${range.from} AND ${ROW} < ${range.to}`;
  const result = await connection.stream(
    `SELECT ${list.join(", ")} FROM read_parquet(${path}, file_row_number = true)${where}`,
  );
  for (;;) {
    signal.throwIfAborted();
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield batchOf(
      chunk,
      wanted,
      unknown.map(({ field }) => field.name),
    );
  }
}

function batchOf(
  chunk: DuckDBDataChunk,
  wanted: readonly ParquetColumn[],
  unknown: readonly string[],
): ColumnBatch {
  const { rowCount: rows } = chunk;
  const columns = wanted.map((column, index) => valuesOf(chunk, index, column));
  const changes = new Map<number, ReturnType<typeof unknownColumn>[]>();
  unknown.forEach((name, index) => {
    const vector = chunk.getColumnVector(wanted.length + index);
    for (let row = 0; row < rows; row++) {
      if (vector.getItem(row) === true) changes.set(row, [...(changes.get(row) ?? []), unknownColumn(name)]);
    }
  });
  const bytes = columns.reduce((sum, column) => sum + bytesOf(column, rows), 0);
  return { rows, columns, bytes, ...(changes.size > 0 ? { changes } : {}) };
}

function bytesOf(column: Column, rows: number): number {
  if (column.form !== "text") return 8 * rows;
  return column.values.reduce((sum, value) => sum + 2 + (value?.length ?? 0), 0);
}

/** Copied: DuckDB's memory goes with the chunk. */
function valuesOf(chunk: DuckDBDataChunk, index: number, { form, endless }: ParquetColumn): Column {
  const { rowCount: rows } = chunk;
  const vector = chunk.getColumnVector(index);
  if (form === "text") {
    return { form, values: Array.from({ length: rows }, (_, row) => textAt(vector.getItem(row))) };
  }
  let nulls: Uint8Array | undefined;
  const isNull = (row: number): boolean => {
    if (vector.getItem(row) !== null) return false;
    nulls ??= new Uint8Array(rows);
    nulls[row] = 1;
    return true;
  };
  if (form === "boolean") {
    const values = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) values[row] = !isNull(row) && vector.getItem(row) === true ? 1 : 0;
    return { form, values, nulls };
  }
  if (form === "int64") {
    const values = new BigInt64Array(rows);
    for (let row = 0; row < rows; row++) values[row] = isNull(row) ? 0n : (vector.getItem(row) as bigint);
    if (endless === undefined || !values.some((value) => value >= endless.least || value <= -endless.least))
      return { form, values, nulls };
    const texts = Array.from(values, (value, row) => (nulls?.[row] === 1 ? null : endless.text(value)));
    return { form: "text", values: texts };
  }
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) values[row] = isNull(row) ? 0 : (vector.getItem(row) as number);
  return { form, values, nulls };
}

/** The query gives such columns as texts and nothing else. */
function textAt(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
