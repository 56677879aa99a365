import type { Change, JsonObject, StreamDescriptor } from "@weir/protocol";
import { isObject, parseJson } from "@weir/protocol";
import { parseTimestamp } from "../../values/index.ts";
import type { DumpedRow } from "./subject.ts";

/** Runs a SELECT; every value is the system's own text. */
export type SqlReader = (text: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;

/**
 * The dumper of a database that knows `information_schema` and the names of Weir's columns: PostgreSQL, DuckDB. `schema`
 * is where streams without a namespace go.
 */
export function sqlDump(
  sql: SqlReader,
  schema: string,
): (stream: StreamDescriptor) => Promise<readonly DumpedRow[] | undefined> {
  return async ({ name, namespace = schema }) => {
    const found = await sql(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = ${text(namespace)}
       AND table_name = ${text(name)} ORDER BY ordinal_position`,
    );
    if (found.length === 0) return undefined;
    const columns = found.map((row) => row["column_name"] ?? "");
    // Numbered, because names are cut and folded on their way.
    const list = columns.map((column, at) => `CAST(${quoted(column)} AS VARCHAR) AS c${at}`);
    const rows = await sql(`SELECT ${list.join(", ")} FROM ${quoted(namespace)}.${quoted(name)}`);
    return rows.map((row) =>
      dumped(Object.fromEntries(columns.map((column, at) => [column, row[`c${at}`] ?? null]))),
    );
  };
}

/** A row with Weir's own columns taken apart. */
export function dumped(row: JsonObject): DumpedRow {
  const {
    _airbyte_raw_id: rawId,
    _airbyte_extracted_at: extractedAt,
    _airbyte_meta: meta,
    _airbyte_generation_id: generation,
    ...data
  } = row;
  const parsed = typeof meta === "string" ? parseJson(meta) : meta;
  const { sync_id, changes } = isObject(parsed) ? parsed : {};
  const time = parseTimestamp(typeof extractedAt === "string" ? extractedAt : "");
  return {
    rawId: typeof rawId === "string" ? rawId : "",
    extractedAt: typeof time === "object" ? Number(time.micros) / 1000 : Number.NaN,
    generation: Number(generation),
    sync: Number(sync_id),
    changes: (changes ?? []) as unknown as readonly Change[],
    data,
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
