import type { Client } from "pg";
import { startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import type { EmbeddedPostgres } from "@weir/kit/embedded-postgres";
import { fillSource, POSTGRES_ROW } from "./source-tables.ts";
import type { Contents, PostgresTarget } from "./destinations.ts";

export const PASSWORD_VARIABLE = "TORTURE_PASSWORD";

/** A source server and a destination server, so that each can crash alone. */
export interface Servers {
  readonly source: EmbeddedPostgres;
  readonly destination: EmbeddedPostgres;
  stop(): Promise<void>;
}

export async function startServers(rows: number): Promise<Servers> {
  const [source, destination] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()]);
  await source.createDatabase("base");
  const client = await connect(source, "base");
  await fillSource(client, rows);
  await client.end();
  await destination.createDatabase("target");
  return {
    source,
    destination,
    stop: async () => void (await Promise.all([source.stop(), destination.stop()])),
  };
}

/** Servers share one password variable: the torture passes it to weir as a user would. */
export function connectionConfig(
  server: EmbeddedPostgres,
  database: string,
  variable: string,
): Record<string, unknown> {
  return {
    host: server.host,
    port: server.port,
    database,
    username: server.user,
    password: `\${${variable}}`,
    ssl_mode: { mode: "disable" },
  };
}

export async function connect(server: EmbeddedPostgres, database: string): Promise<Client> {
  const { default: pg } = await import("pg");
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

export function targetOf(servers: Servers): PostgresTarget {
  const { destination } = servers;
  return {
    client: () => connect(destination, "target"),
    config: connectionConfig(destination, "target", `${PASSWORD_VARIABLE}_TO`),
  };
}

/** A copy of the source's base tables for one trial, made by the server itself. */
export async function copyBase(servers: Servers, name: string): Promise<void> {
  await onServer(servers, `create database "${name}" template base`);
}

export async function dropCopy(servers: Servers, name: string): Promise<void> {
  await onServer(servers, `drop database if exists "${name}" with (force)`);
}

async function onServer(servers: Servers, sql: string): Promise<void> {
  const client = await connect(servers.source, "postgres");
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Everything a source table holds. */
export async function readSource(
  server: EmbeddedPostgres,
  database: string,
  table: string,
): Promise<Contents> {
  const client = await connect(server, database);
  try {
    const { rows } = await client.query<{ row: string; n: string }>(
      `select ${POSTGRES_ROW} as row, count(*) as n from "${table}" group by 1`,
    );
    return new Map(rows.map(({ row, n }) => [row, Number(n)]));
  } finally {
    await client.end();
  }
}
