import type { Client } from "pg";
import { startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import type { EmbeddedPostgres } from "@weir/kit/embedded-postgres";
import { timesOf } from "./measure/proc.ts";

/**
 * Commits are durable. Enough room for a run's log, so that no run meets a checkpoint that its neighbour did not, and no
 * autovacuum beside a run.
 */
export const SERVER_SETTINGS = {
  fsync: "on",
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
} as const;

export const SOURCE = "bench_source";
export const TARGET = "bench_target";
/** Passed to Weir as a user passes a secret. */
export const PASSWORD_VARIABLE = "BENCH_PASSWORD";

export interface Servers {
  readonly postgres: EmbeddedPostgres;
  readonly postmaster: number;
  connect(database: string): Promise<Client>;
  stop(): Promise<void>;
}

/** One server, source and target as databases of it. */
export async function startServers(): Promise<Servers> {
  const postgres = await startEmbeddedPostgres({ settings: SERVER_SETTINGS });
  const { default: pg } = await import("pg");
  const connect = async (database: string): Promise<Client> => {
    const { host, port, user, password } = postgres;
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return client;
  };
  try {
    await postgres.createDatabase(SOURCE);
    await postgres.createDatabase(TARGET);
    const client = await connect(SOURCE);
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const postmaster = timesOf(rows[0]?.pid ?? 0)?.parent ?? 0;
    await client.end();
    return { postgres, postmaster, connect, stop: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** One statement on a connection of its own; the first text of its first row. */
export async function ask(servers: Servers, database: string, sql: string): Promise<string> {
  const client = await servers.connect(database);
  try {
    const { rows } = await client.query<Readonly<Record<string, string>>>(sql);
    return Object.values(rows[0] ?? {})[0] ?? "";
  } finally {
    await client.end();
  }
}

/** A program of PostgreSQL's own, connected by its environment. */
export function psqlEnvironment({ postgres }: Servers, database: string): Readonly<Record<string, string>> {
  return {
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGUSER: postgres.user,
    PGPASSWORD: postgres.password,
    PGDATABASE: database,
    PGSSLMODE: "disable",
  };
}

/** A connector's settings for one of the databases. */
export function connectorConfig({ postgres }: Servers, database: string): Readonly<Record<string, unknown>> {
  return {
    host: postgres.host,
    port: postgres.port,
    database,
    username: postgres.user,
    password: `\${${PASSWORD_VARIABLE}}`,
    ssl_mode: { mode: "disable" },
  };
}
