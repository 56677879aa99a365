import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure/command.ts";
import { weirSync, writeProject } from "../weir.ts";
import { MEGABYTE } from "./route.ts";
import type { Contender, Contents, Route } from "./route.ts";
import type { Scene } from "../scene.ts";

const GENERATE = new URL("../limits/generate.ts", import.meta.url).pathname;
const STREAM = "users";

export function fakerToDevNull(scene: Scene, rows: number): Route {
  const config = { count: rows };
  const generate: Command = {
    argv: [process.execPath, GENERATE, "source-faker", STREAM, JSON.stringify(config)],
    // As the weir command has it: what starting costs is the same on both sides.
    env: { NODE_COMPILE_CACHE: join(scene.folder, "compile-cache") },
  };
  const limit: Contender = {
    prepare: async () => undefined,
    commands: [generate],
    contents: async ({ output }) => ({ rows: Number(output), digest: "" }),
  };
  const folder = join(scene.folder, "faker");
  const weir: Contender = {
    prepare: async () =>
      writeProject({
        folder,
        source: { connector: "source-faker", config },
        destination: { connector: "destination-dev-null", config: {} },
        connection: { streams: [STREAM], mode: "full_refresh_overwrite" },
      }),
    commands: [weirSync(scene.servers, folder)],
    contents: async () => destinationTally(folder),
  };
  return {
    name: "faker -> dev-null",
    rows,
    memoryBytes: 300 * MEGABYTE,
    weir,
    limit: { kind: "native", name: "the generator alone", contender: limit, target: 0.8 },
  };
}

/** The destination keeps nothing but its own count, which it writes to the log. */
export function destinationTally(folder: string): Contents {
  const logs = join(folder, ".weir", "logs", "bench");
  const text = readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("");
  const rows = new RegExp(`"message":"${STREAM}: (\\d+) rows, `).exec(text)?.[1];
  return { rows: Number(rows), digest: "" };
}
