import { testPostgres } from "@weir/kit/testing";
import { Pool } from "pg";
import { type Endpoint, postgresConfig } from "./scene.ts";

export type Row = Readonly<Record<string, string | null>>;

/** A PostgreSQL database and a connection to it. */
export interface Database {
  readonly url: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Runs SQL; every value is the server's own text. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** An open connection that nobody uses any more ends: a server has room for 100, and a run of tests makes more databases. */
const IDLE_MS = 30_000;

export async function newDatabase(url?: string): Promise<Database> {
  const own = url ?? (await testPostgres());
  // One connection, so that what a statement sets holds for the next.
  const client = new Pool({
    connectionString: own,
    max: 1,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    types: { getTypeParser: () => (text: string) => text },
  });
  // A server that a test kills ends the connection.
  client.on("error", () => undefined);
  const config = postgresConfig(own);
  return {
    url: own,
    source: { id: "source-postgres", config },
    destination: { id: "destination-postgres", config },
    sql: async (text, values) => {
      const result = await client.query<Row>(text, values && [...values]);
      return Array.isArray(result) ? [] : result.rows;
    },
  };
}

/** Runs SQL on a DuckDB file that nobody has open, every value as DuckDB's own text. */
export async function duckSql(path: string, sql: string): Promise<readonly Row[]> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(path);
  try {
    const connection = await instance.connect();
    try {
      await connection.run("SET TimeZone = 'UTC'");
      if (!/^\s*(?:SELECT|DESCRIBE)/.test(sql)) {
        await connection.run(sql);
        return [];
      }
      // As hex, since the driver's texts lose a byte order mark.
      const found = await connection.runAndReadAll(
        `SELECT hex(CAST(COLUMNS(*) AS VARCHAR)) FROM (${sql}) AS found`,
      );
      const names = found.columnNames();
      return found
        .getRows()
        .map((row) => Object.fromEntries(row.map((value, at) => [names[at] ?? "", textOf(value)])));
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

function textOf(hex: unknown): string | null {
  return typeof hex === "string" ? Buffer.from(hex, "hex").toString("utf8") : null;
}
