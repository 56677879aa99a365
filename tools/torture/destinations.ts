import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
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
    read: async (table) => {
      const { DuckDBInstance } = await import("@duckdb/node-api");
      const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
      const connection = await instance.connect();
      try {
        const reader = await connection.runAndReadAll(
          `select ${DUCKDB_ROW} as row, count(*) as n from main."${table}" group by 1`,
        );
        return new Map(reader.getRows().map(([row, n]) => [String(row), Number(n)]));
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
    remove: async () => rmSync(path, { force: true }),
  };
}
