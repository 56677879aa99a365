import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./measure/command.ts";
import { PASSWORD_VARIABLE } from "./servers.ts";
import type { Servers } from "./servers.ts";

const WEIR = new URL("../../packages/cli/bin/weir.js", import.meta.url).pathname;

/** A weir.yaml with one connection, `bench`. */
export interface Project {
  readonly folder: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly connection: Readonly<Record<string, unknown>>;
}

export type Endpoint = { readonly config: Readonly<Record<string, unknown>> } & (
  | { readonly connector: string }
  | { readonly command: readonly string[] }
);

/** Writes the project anew, without anything an earlier sync left. JSON is YAML. */
export function writeProject({ folder, source, destination, connection }: Project): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const document = {
    sources: { from: source },
    destinations: { to: destination },
    connections: { bench: { source: "from", destination: "to", ...connection } },
  };
  writeFileSync(join(folder, "weir.yaml"), JSON.stringify(document, undefined, 2));
}

/** `weir sync` as a user runs it, a process of its own. */
export function weirSync(servers: Servers, folder: string, flags: readonly string[] = []): Command {
  return {
    argv: [process.execPath, WEIR, "sync", ...flags],
    cwd: folder,
    env: { [PASSWORD_VARIABLE]: servers.postgres.password },
  };
}
