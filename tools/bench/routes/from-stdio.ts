import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import type { Command } from "../measure/command.ts";
import type { Scene } from "../scene.ts";
import { weirSync, writeProject } from "../weir.ts";
import { destinationTally } from "./from-faker.ts";
import { MEGABYTE } from "./route.ts";
import type { Contender, Route } from "./route.ts";

const REPLAY = new URL("../limits/replay.ts", import.meta.url).pathname;
const READ = new URL("../limits/read-lines.ts", import.meta.url).pathname;
const STREAM = "users";

/** Records of an executable, some 383 bytes a line, to a destination that keeps nothing and sums up nothing. */
export function stdioToDevNull(scene: Scene, rows: number): Route {
  const folder = join(scene.folder, "stdio");
  const records = join(scene.folder, "stdio-records");
  const replay: Command = { argv: [process.execPath, REPLAY, records, "read"], stdout: scene.fifo };
  const limit: Contender = {
    prepare: async () => undefined,
    commands: [replay, { argv: [process.execPath, READ], stdin: scene.fifo }],
    contents: async ({ output }) => ({ rows: Number(output), digest: "" }),
  };
  const weir: Contender = {
    prepare: async () =>
      writeProject({
        folder,
        source: { command: [process.execPath, REPLAY, records], config: {} },
        destination: { connector: "destination-dev-null", config: { checksum: "none" } },
        connection: { streams: [STREAM], mode: "full_refresh_append" },
      }),
    commands: [weirSync(scene.servers, folder)],
    contents: async () => destinationTally(folder),
  };
  return {
    name: "stdio -> dev-null",
    rows: Math.floor(rows),
    memoryBytes: 300 * MEGABYTE,
    weir,
    limit: { kind: "native", name: "one thread reads and parses", contender: limit, target: 0.5 },
    begin: () => writeRecords(records, Math.floor(rows)),
  };
}

async function writeRecords(folder: string, rows: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const properties = Object.fromEntries(
    Object.entries(person(0)).map(([name, value]) => [
      name,
      { type: typeof value === "number" ? "integer" : "string" },
    ]),
  );
  const json_schema = { type: "object", properties };
  const catalog = { streams: [{ name: STREAM, json_schema, supported_sync_modes: ["full_refresh"] }] };
  writeFileSync(join(folder, "catalog.jsonl"), `${JSON.stringify({ type: "CATALOG", catalog })}\n`);
  const file = createWriteStream(join(folder, "records.jsonl"), { highWaterMark: MEGABYTE });
  for (let id = 0; id < rows; id += 1) {
    const record = { stream: STREAM, data: person(id), emitted_at: 1_700_000_000_000 };
    if (!file.write(`${JSON.stringify({ type: "RECORD", record })}\n`)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
}

/** Like a user of the source faker: some 383 bytes with its message. */
function person(id: number): Readonly<Record<string, string | number>> {
  return {
    id,
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-02-03T04:05:06Z",
    name: `Person Number ${id}`,
    title: "M.Sc.Tech.",
    age: id % 90,
    email: `person${id}@example.com`,
    telephone: `+1-234-567-8${id % 1000}`,
    gender: "Female",
    language: "Spanish",
    academic_degree: "PhD",
    nationality: "Brazilian",
    height: "1.75",
    weight: 70 + (id % 30),
  };
}
