import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import type { FileFormat } from "./options.ts";
import { DUCKDB_ROW, POSTGRES_ROW } from "./source-tables.ts";

/** A row as text, and how often it stands in a table. */
export type Contents = ReadonlyMap<string, number>;

/** Where a trial's rows go; each trial gets a place of its own. */
export interface Place {
  readonly kind: string;
  /** The destination's entry in weir.yaml. */
  readonly config: Readonly<Record<string, unknown>>;
  read(table: string): Promise<Contents>;
  remove(): Promise<void>;
}

export interface PostgresTarget {
  readonly client: () => Promise<Client>;
  readonly config: Readonly<Record<string, unknown>>;
}

export function postgresPlace(target: PostgresTarget, name: string): Place {
  return {
    kind: "destination-postgres",
    config: { ...target.config, schema: name },
    read: async (table) => {
      const client = await target.client();
      try {
        const { rows } = await client.query<{ row: string; n: string }>(
          `select ${POSTGRES_ROW} as row, count(*) as n from "${name}"."${table}" group by 1`,
        );
        return new Map(rows.map(({ row, n }) => [row, Number(n)]));
      } finally {
        await client.end();
      }
    },
    remove: async () => {
      const client = await target.client();
      try {
        await client.query(`drop schema if exists "${name}" cascade`);
      } finally {
        await client.end();
      }
    },
  };
}

export function duckdbPlace(folder: string, name: string): Place {
  const path = join(folder, `${name}.duckdb`);
  return {
    kind: "destination-duckdb",
    config: { path },
    read: (table) => readDuckdb(path, `main."${table}"`),
    remove: async () => rmSync(path, { force: true }),
  };
}

/** Rows by DuckDB, whoever wrote them. */
async function readDuckdb(path: string, from: string): Promise<Contents> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const options = path === ":memory:" ? {} : { access_mode: "READ_ONLY" };
  const instance = await DuckDBInstance.create(path, options);
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `select ${DUCKDB_ROW} as row, count(*) as n from ${from} group by 1`,
    );
    return new Map(reader.getRows().map(([row, n]) => [String(row), Number(n)]));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const COLUMNS = `'id': 'BIGINT', 'v': 'BIGINT', 'name': 'VARCHAR', 'amount': 'DECIMAL(12,2)', 'at': 'TIMESTAMPTZ', 'note': 'VARCHAR'`;
const OWN = `'_airbyte_raw_id': 'VARCHAR', '_airbyte_extracted_at': 'VARCHAR', '_airbyte_meta': 'VARCHAR', '_airbyte_generation_id': 'BIGINT'`;

/** Text files are compressed here, so that files cut short are noticed. */
const COMPRESSION = { parquet: "default", csv: "gzip", jsonl: "zstd" } as const;

export function filePlace(folder: string, name: string, format: FileFormat): Place {
  const path = join(folder, `${name}-files`);
  return {
    kind: "destination-file",
    config: { folder: path, format, compression: COMPRESSION[format] },
    read: async (table) => {
      // As any other reader: whatever lies below the table's folder.
      const pattern = join(path, `{,public.}${table}`, "**", `*.${format}*`);
      const files = globSync(pattern).map((file) => `'${file}'`);
      if (files.length === 0) return new Map();
      return readDuckdb(":memory:", readerOf(format, `[${files.join(", ")}]`));
    },
    remove: async () => rmSync(path, { recursive: true, force: true }),
  };
}

function readerOf(format: FileFormat, files: string): string {
  switch (format) {
    case "parquet":
      return `read_parquet(${files}, union_by_name = true)`;
    case "csv":
      return `read_csv(${files}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '',
        allow_quoted_nulls = false, strict_mode = true, columns = {${OWN}, ${COLUMNS}})`;
    case "jsonl":
      return `read_json(${files}, format = 'newline_delimited', columns = {${COLUMNS}})`;
  }
}
