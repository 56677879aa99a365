import type { CsvDialect, LoadRequest, LoadResult, PartRead } from "@weir/protocol";
import type { LoadScene } from "./batch-load.ts";
import { misfit, plainReason, valueSql } from "./csv-load.ts";
import { duckdbError, isMisfitError } from "./failures.ts";
import { insertSql } from "./insert.ts";
import { literal } from "./sql.ts";
import type { Target, TargetColumn } from "./target.ts";
import { type ColumnType, typeSql } from "./types.ts";

type Bytes = Extract<PartRead, { readonly form: "bytes" }>;

const PROGRESS_BYTES = 4 * 1024 * 1024;

/** Longer rows go by the typed route; DuckDB keeps a buffer of at least that for each thread. */
const MAX_ROW_BYTES = 4_000_000;
const BUFFER_BYTES = 16_000_000;

/** Lets DuckDB's own readers read a file where it lies, in one INSERT, while the source looks the same bytes through. */
export async function loadFile(scene: LoadScene, request: LoadRequest, read: Bytes): Promise<LoadResult> {
  const { link, target } = scene;
  const { file } = read;
  if (file?.path === undefined) throw misfit(request, "The file has no path of its own here.");
  const stop = new AbortController();
  const ending = AbortSignal.any([request.signal, stop.signal]);
  const isCsv = request.encoding.format === "csv-file";
  const source =
    isCsv && file.csv !== undefined ? csvSource(file.path, file.csv, target) : jsonSource(file.path, target);
  const insert = link.runRaw(insertSql(target, request, source), ending);
  insert.catch(() => stop.abort());
  let bytes: number;
  try {
    bytes = await drain(read, request, ending);
  } catch (error) {
    stop.abort();
    await insert.catch(() => undefined);
    request.signal.throwIfAborted();
    throw error;
  }
  let written: number;
  try {
    written = await insert;
  } catch (error) {
    request.signal.throwIfAborted();
    if (isMisfitError(error)) throw misfit(request, plainReason(error), error);
    throw duckdbError(error, scene.path);
  }
  await file.unchanged();
  const counted = read.rows();
  if (written !== counted)
    throw misfit(request, `The source counted ${counted} rows, DuckDB read ${written}.`);
  request.progress(written, 0);
  return { received: written, written, rejected: 0, changed: 0, bytes };
}

/** Until the source has seen everything, or the query has failed, which says why itself. */
async function drain({ chunks }: Bytes, request: LoadRequest, ending: AbortSignal): Promise<number> {
  let bytes = 0;
  let told = 0;
  for await (const chunk of chunks) {
    if (ending.aborted) break;
    bytes += chunk.byteLength;
    if (bytes - told < PROGRESS_BYTES) continue;
    request.progress(0, bytes - told);
    told = bytes;
  }
  request.progress(0, bytes - told);
  return bytes;
}

/** Digits of a DECIMAL of 64 bits. */
const FAST_DIGITS = 18;

/**
 * A text to a DECIMAL of 128 bits takes DuckDB 9 µs, to one of 64 bits 0.05 µs: short texts, which surely have room
 * in it, go that way.
 */
function fileValue(column: string, type: ColumnType): { readonly sql: string; readonly readAs: string } {
  if (type.base !== "DECIMAL" || type.precision <= FAST_DIGITS || type.scale >= FAST_DIGITS)
    return valueSql(column, type);
  const wide = `CAST(${column} AS ${typeSql(type)})`;
  const narrow = typeSql({ ...type, precision: FAST_DIGITS });
  const isShort = `strlen(${column}) <= ${FAST_DIGITS - type.scale}`;
  const sql = `CASE WHEN ${isShort} THEN CAST(CAST(${column} AS ${narrow}) AS ${typeSql(type)}) ELSE ${wide} END`;
  return { sql, readAs: "VARCHAR" };
}

interface FileSource {
  readonly values: readonly string[];
  readonly from: string;
}

function csvSource(path: string, dialect: CsvDialect, target: Target): FileSource {
  const byName = new Map(target.columns.map((column) => [column.field.name, column]));
  const types = dialect.columns.map((name, index) => {
    const column = name === null ? undefined : byName.get(name);
    return `'c${index}': '${column === undefined ? "VARCHAR" : fileValue("", column.type).readAs}'`;
  });
  const quote = literal(dialect.quote);
  const options = [
    "auto_detect = false, header = false, strict_mode = true, null_padding = false, ignore_errors = false",
    `skip = ${dialect.skip}, delim = ${literal(dialect.delimiter)}, quote = ${quote}, escape = ${quote}`,
    // Told \r\n, it finds no row after skipped lines; not told, it takes either.
    ...(dialect.lineEnd === "\n" ? ["new_line = '\\n'"] : []),
    `nullstr = ${literal(dialect.null)}, allow_quoted_nulls = false`,
    `max_line_size = ${MAX_ROW_BYTES}, buffer_size = ${BUFFER_BYTES}`,
    `columns = {${types.join(", ")}}`,
  ];
  const values = target.columns.map(({ field, type }) => {
    const place = dialect.columns.indexOf(field.name);
    return place < 0 ? `NULL::${typeSql(type)}` : fileValue(`c${place}`, type).sql;
  });
  return { values, from: `read_csv(${literal(path)}, ${options.join(", ")})` };
}

/** A decimal of so many digits is the shortest text of the double nearest to it. The source lets no more through. */
const DOUBLE_DIGITS = 15;

/**
 * JSON's reader makes doubles of numbers with a point in any case; as text it prints them again. A double times 10^scale
 * is less than a half away from the integer meant as long as that has 15 digits; larger ones take the way by their text.
 */
function numberValue(column: string, type: ColumnType & { readonly base: "DECIMAL" }): string {
  const narrow = typeSql({ ...type, precision: FAST_DIGITS });
  const isExact = `abs(${column}) < 1e${DOUBLE_DIGITS - type.scale}`;
  return `CASE WHEN ${isExact} THEN CAST(CAST(${column} AS ${narrow}) AS ${typeSql(type)}) ELSE CAST(CAST(${column} AS VARCHAR) AS ${typeSql(type)}) END`;
}

interface JsonColumn {
  readonly readAs: string;
  readonly sql: string;
}

/** Times are read as text: a cast refuses what the reader would guess. Dates of ten characters leave nothing to guess. */
function jsonColumn(column: string, { field: { kind }, type }: TargetColumn): JsonColumn {
  const own = typeSql(type);
  if (kind === "integer" || kind === "boolean" || type.base === "VARCHAR")
    return { readAs: own, sql: column };
  if (kind === "date" && type.base === "DATE") return { readAs: own, sql: column };
  const isWide = type.base === "DECIMAL" && type.precision >= FAST_DIGITS && type.scale < DOUBLE_DIGITS;
  if (kind === "number" && isWide) return { readAs: "DOUBLE", sql: numberValue(column, type) };
  const { sql, readAs } = fileValue(column, type);
  return { readAs: "VARCHAR", sql: readAs === "VARCHAR" ? sql : `CAST(${column} AS ${own})` };
}

function jsonSource(path: string, { columns }: Target): FileSource {
  const read = columns.map((column) => ({
    ...jsonColumn(`"${column.field.name.replaceAll('"', '""')}"`, column),
    name: column.field.name,
  }));
  const list = read.map(({ name, readAs }) => `${literal(name)}: '${readAs}'`).join(", ");
  const values = read.map(({ sql }) => sql);
  const options = `format = 'newline_delimited', ignore_errors = false, maximum_object_size = ${MAX_ROW_BYTES}`;
  return { values, from: `read_json(${literal(path)}, ${options}, columns = {${list}})` };
}
