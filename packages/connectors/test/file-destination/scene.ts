import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { writeDestination, type WriteOptions } from "@weir/kit/testing";
import type { JsonObject, StreamPlan } from "@weir/protocol";
import { destination } from "../../src/file/destination.ts";

// Shared by all test files of a worker; it goes with the run's temporary folder.
const root = mkdtempSync(join(tmpdir(), "file-destination-"));
let folders = 0;

export function newFolder(): string {
  folders += 1;
  return join(root, `out${folders}`);
}

export const FORMATS = ["jsonl", "csv", "parquet"] as const;
export type Format = (typeof FORMATS)[number];

const items = {
  table: { name: "items" },
  fields: [
    { name: "id", kind: "integer" },
    { name: "note", kind: "string" },
  ],
} as const;

export interface Parts extends Partial<Omit<WriteOptions, "stream" | "config">> {
  readonly stream?: Partial<StreamPlan>;
  readonly config?: JsonObject;
}

export function write(folder: string, format: string, records: readonly JsonObject[], parts: Parts = {}) {
  return writeDestination(destination, {
    rows: records,
    ...parts,
    config: { folder, format, ...parts.config },
    stream: { ...items, ...parts.stream },
  });
}

export const overwrite = (generation: number, fresh = true) => ({
  stream: { mode: "overwrite", generation, minimumGeneration: generation, fresh } as const,
  token: { sync: generation, attempt: 1 },
});

/** Files anybody sees who passes over hidden folders. */
export function visible(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.split(sep).some((part) => /^[._]/.test(part)))
    .toSorted();
}

/** Rows as another program reads them: DuckDB, over every file its pattern finds, hidden folders included. */
export async function query(sql: string): Promise<readonly Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export function reader(folder: string, format: string, table = "**"): string {
  const pattern = `${folder.replaceAll("'", "''")}/${table}/*.${format}*`;
  switch (format) {
    case "parquet":
      return `read_parquet('${pattern}', union_by_name = true, hive_partitioning = false)`;
    case "csv":
      return `read_csv('${pattern}', union_by_name = true, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, columns = {'_airbyte_raw_id': 'VARCHAR', '_airbyte_extracted_at': 'VARCHAR', '_airbyte_meta': 'VARCHAR', '_airbyte_generation_id': 'VARCHAR', 'id': 'VARCHAR', 'note': 'VARCHAR'}, hive_partitioning = false)`;
    default:
      return `read_json('${pattern}', union_by_name = true, format = 'newline_delimited', hive_partitioning = false)`;
  }
}

export async function rows(folder: string, format: string): Promise<readonly Record<string, unknown>[]> {
  if (visible(folder).length === 0) return [];
  return query(`SELECT * FROM ${reader(folder, format)} ORDER BY CAST(id AS BIGINT), _airbyte_raw_id`);
}

export async function ids(folder: string, format: string): Promise<readonly number[]> {
  return (await rows(folder, format)).map(({ id }) => Number(id));
}
