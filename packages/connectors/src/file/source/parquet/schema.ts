import { formatDate, formatTimestamp } from "@weir/kit";
import type { Field, FieldKind } from "@weir/protocol";
import type { FoundFile } from "../found.ts";
import type { StreamScene } from "../scene.ts";
import { type ParquetAccess, withParquet } from "./database.ts";

/** A column as DuckDB reads it, and how it is given. */
export interface ParquetColumn {
  readonly field: Field;
  /** SQL of the value, `%` being the column. */
  readonly sql: string;
  readonly form: "boolean" | "int64" | "float64" | "text";
  /** Where some integers stand for endless dates or times: the text of each value. A chunk that has one is given as texts. */
  readonly endless?: { readonly least: bigint; readonly text: (value: bigint) => string } | undefined;
}

/** DuckDB's endless dates and times, the negative one with a minus; those with an end are nearer to zero. */
const ENDLESS_DATE = 2_147_483_647n;
const ENDLESS_TIME = 9_223_372_036_854_775_807n;

function endless(least: bigint, text: (value: bigint) => string): ParquetColumn["endless"] {
  const word = (value: bigint): string => (value < 0n ? "-infinity" : "infinity");
  return {
    least,
    text: (value) => (value >= least || value <= -least ? word(value) : text(value)),
  };
}

const DATES = endless(ENDLESS_DATE, (days) => formatDate(Number(days)));
const TIMESTAMPS = endless(ENDLESS_TIME, (micros) => formatTimestamp(micros));
const ZONED = endless(ENDLESS_TIME, (micros) => formatTimestamp(micros, "+00"));

/** Microseconds of a timestamp; of an endless one `epoch_us` says NULL. */
function microsOf(value: string): string {
  const sign = `CASE WHEN ${value} > 'epoch' THEN ${ENDLESS_TIME} WHEN ${value} < 'epoch' THEN -${ENDLESS_TIME} END`;
  return `coalesce(epoch_us(${value}), ${sign})`;
}

/** The driver takes a U+FEFF off the start of every text: one more is put before it. */
function marked(value: string): string {
  return `CASE WHEN starts_with(${value}, chr(65279)) THEN chr(65279) || ${value} ELSE ${value} END`;
}

const INTEGERS = new Set(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]);

/** Types that are given as they lie in memory, or in digits. */
const PLAIN: Readonly<Record<string, Omit<ParquetColumn, "field"> & { readonly kind: FieldKind }>> = {
  BOOLEAN: { kind: "boolean", sql: "%", form: "boolean" },
  DOUBLE: { kind: "number", sql: "%", form: "float64" },
  // Its shortest digits: as a double 0.1 would be 0.10000000149011612.
  FLOAT: { kind: "number", sql: "%::VARCHAR", form: "text" },
  // A date may be beyond every timestamp.
  DATE: { kind: "date", sql: "% - DATE '1970-01-01'", form: "int64", endless: DATES },
  TIMESTAMP: { kind: "timestamp_without_timezone", sql: microsOf("%"), form: "int64", endless: TIMESTAMPS },
  TIMESTAMP_S: {
    kind: "timestamp_without_timezone",
    sql: microsOf("%::TIMESTAMP"),
    form: "int64",
    endless: TIMESTAMPS,
  },
  TIMESTAMP_MS: {
    kind: "timestamp_without_timezone",
    sql: microsOf("%::TIMESTAMP"),
    form: "int64",
    endless: TIMESTAMPS,
  },
  // Nine digits: whoever writes them says that three were lost, where they are not zeros.
  TIMESTAMP_NS: { kind: "timestamp_without_timezone", sql: "%::VARCHAR", form: "text" },
  "TIMESTAMP WITH TIME ZONE": {
    kind: "timestamp_with_timezone",
    sql: microsOf("%"),
    form: "int64",
    endless: ZONED,
  },
  TIME: { kind: "time_without_timezone", sql: "epoch_us(%)", form: "int64" },
  TIME_NS: { kind: "time_without_timezone", sql: "%::VARCHAR", form: "text" },
  "TIME WITH TIME ZONE": { kind: "time_with_timezone", sql: "%::VARCHAR", form: "text" },
  VARCHAR: { kind: "string", sql: marked("%"), form: "text" },
  BLOB: { kind: "string", sql: "base64(%)", form: "text" },
  JSON: { kind: "unknown", sql: "%::VARCHAR", form: "text" },
};

const NATIVE: Readonly<Record<string, string>> = {
  TINYINT: "smallint",
  SMALLINT: "smallint",
  INTEGER: "integer",
  DOUBLE: "double precision",
  FLOAT: "real",
  UUID: "uuid",
};

function columnOf(name: string, type: string): ParquetColumn {
  const spelt = NATIVE[type];
  const native = spelt === undefined ? {} : { native: { system: "parquet", type: spelt } };
  if (INTEGERS.has(type))
    return { field: { name, kind: "integer", ...native }, sql: "%::BIGINT", form: "int64" };
  const plain = PLAIN[type];
  if (plain !== undefined) {
    const { kind, ...given } = plain;
    return { field: { name, kind, ...native }, ...given };
  }
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const [precision, scale] = [Number(decimal[1]), Number(decimal[2])];
    return { field: { name, kind: "number", precision, scale }, sql: "%::VARCHAR", form: "text" };
  }
  if (type === "UBIGINT" || type === "HUGEINT" || type === "UHUGEINT") {
    return { field: { name, kind: "number", precision: 38, scale: 0 }, sql: "%::VARCHAR", form: "text" };
  }
  const kind = type.endsWith("]") ? "array" : /^(STRUCT|MAP)\(/.test(type) ? "object" : undefined;
  if (kind !== undefined) return { field: { name, kind }, sql: "to_json(%)::VARCHAR", form: "text" };
  if (/^(VARIANT|UNION)/.test(type))
    return { field: { name, kind: "unknown" }, sql: "to_json(%)::VARCHAR", form: "text" };
  return { field: { name, kind: "string", ...native }, sql: marked("%::VARCHAR"), form: "text" };
}

export async function columnsIn({ connection, path }: ParquetAccess): Promise<readonly ParquetColumn[]> {
  const rows = (
    await connection.runAndReadAll(
      `SELECT ${marked("column_name")}, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${path}))`,
    )
  ).getRows();
  return rows.map(([name, type]) => columnOf(String(name), String(type)));
}

/** The fields of a file. */
export async function parquetFields(
  { config }: StreamScene,
  file: FoundFile,
  signal: AbortSignal,
): Promise<readonly Field[]> {
  const found = withParquet(file, config.token, signal, async function* (access) {
    yield await columnsIn(access);
  });
  const fields: Field[] = [];
  for await (const columns of found) fields.push(...columns.map(({ field }) => field));
  return fields;
}

export interface RowGroup {
  readonly rows: number;
  /** Compressed. */
  readonly bytes: number;
}

const GROUPS = (path: string): string =>
  `SELECT any_value(row_group_num_rows)::VARCHAR, sum(total_compressed_size)::VARCHAR
     FROM parquet_metadata(${path}) GROUP BY row_group_id ORDER BY row_group_id`;

export async function rowGroups(
  { config }: StreamScene,
  file: FoundFile,
  signal: AbortSignal,
): Promise<readonly RowGroup[]> {
  const found = withParquet(file, config.token, signal, async function* ({ connection, path }) {
    yield (await connection.runAndReadAll(GROUPS(path))).getRows();
  });
  const groups: RowGroup[] = [];
  for await (const rows of found) {
    groups.push(...rows.map(([count, bytes]) => ({ rows: Number(count), bytes: Number(bytes) })));
  }
  return groups;
}
