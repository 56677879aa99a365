import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem, type as systemName } from "node:os";
import { PSQL } from "../limits/postgres.ts";
import { ask, SERVER_SETTINGS, SOURCE } from "../servers.ts";
import type { Servers } from "../servers.ts";

/** Lines on where the figures come from. */
export async function describeMachine(servers: Servers, now: number): Promise<readonly string[]> {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const settings = Object.entries(SERVER_SETTINGS).map(([name, value]) => `${name} ${value}`);
  const server = await ask(servers, SOURCE, "show server_version");
  return [
    `Date: ${new Date(now).toISOString().slice(0, 10)}`,
    `Machine: ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${gibibytes} GiB of memory, ${systemName()}`,
    `Versions: Weir ${weirVersion()}, Node ${process.versions.node}, PostgreSQL ${server}, ${psqlVersion() ?? "no psql"}, DuckDB ${duckdbVersion()}`,
    `PostgreSQL: ${settings.join(", ")}; source and target are two databases of one server, reached over the loopback interface`,
  ];
}

/** Undefined where there is no psql. */
export function psqlVersion(): string | undefined {
  try {
    return execFileSync(PSQL, ["--version"], { encoding: "utf8" })
      .replace(/\(PostgreSQL\) |\(.*\)\s*$/g, "")
      .trim();
  } catch {
    return undefined;
  }
}

function weirVersion(): string {
  return versionIn(new URL("../../../package.json", import.meta.url).pathname);
}

function duckdbVersion(): string {
  return versionIn(createRequire(import.meta.url).resolve("@duckdb/node-api/package.json"));
}

function versionIn(path: string): string {
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version;
}
