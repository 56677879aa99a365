// A load for kill.test.ts, in parts, going on from the checkpoint it finds. As a process of its own it says on standard
// output what was committed, and is killed at any moment; with KILL_AT it kills itself at that step of its file work.
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { type JsonObject, type StreamPlan, systemClock } from "@weir/protocol";

export interface Going {
  readonly folder: string;
  readonly format: string;
  readonly compression: string;
  readonly mode: string;
  readonly route: string;
  readonly generation: number;
  readonly attempt: number;
  readonly parts: number;
  readonly rows: number;
}

const STEPS = [
  "access",
  "link",
  "mkdir",
  "open",
  "readdir",
  "readFile",
  "rename",
  "rm",
  "rmdir",
  "stat",
  "truncate",
  "unlink",
  "writeFile",
] as const;

/** Before each call of the file system, the number of which is counted. */
function killAt(step: number): void {
  let count = 0;
  const functions = fs as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of STEPS) {
    const call = functions[name];
    if (call === undefined) throw new Error(`There is no ${name}.`);
    functions[name] = (...given) => {
      count += 1;
      if (count === step) process.kill(process.pid, "SIGKILL");
      return call(...given);
    };
  }
  syncBuiltinESMExports();
  process.on("exit", () => writeSync(1, `steps ${count}\n`));
}

export async function goOn(going: Going, tell: (text: string) => void): Promise<void> {
  const { destination } = await import("../../src/file/destination.ts");
  const { folder, format, compression, mode, route, generation, attempt, parts, rows } = going;
  const signal = new AbortController().signal;
  const session = await destination.open({
    config: {
      folder,
      format,
      compression,
      partition_by: [],
      file_megabytes: 64,
      memory_limit: "128MB",
      threads: 2,
    },
    connection: "killed",
    context: { clock: systemClock, log: () => {}, signal },
  });
  const token = { sync: generation, attempt };
  await session.begin({ token, streams: [], checkpoints: [] });
  const held = await session.held();
  const found = held.checkpoints.find(({ stream }) => stream === "s")?.document;
  const document = found?.["generation"] === generation ? found : undefined;
  let done = Number(document?.["parts"] ?? 0);
  const isFinished = document?.["finished"] === true;
  const checkpoint = (count: number, finished: boolean): { stream: string; document: JsonObject } => ({
    stream: "s",
    document: { generation, parts: count, finished },
  });
  const plan: StreamPlan = {
    key: "s",
    table: { name: "s" },
    fields: [
      { name: "id", kind: "integer" },
      { name: "part", kind: "integer" },
      { name: "note", kind: "string" },
    ],
    primaryKey: ["id"],
    mode: mode as StreamPlan["mode"],
    generation,
    minimumGeneration: mode === "overwrite" ? generation : 0,
    fresh: document === undefined,
    nativeTypes: false,
  };
  const checkpoints = document === undefined ? [checkpoint(0, false)] : [];
  if (!isFinished) {
    await session.begin({ token, streams: [plan], checkpoints });
    const encoding = session.takes(plan).find((each) => each.format === route);
    if (encoding === undefined) throw new Error(`${route} is not offered`);
    while (done < parts) {
      const ids = Array.from({ length: rows }, (_, row) => done * rows + row);
      const note = (id: number): string => `row ${id} of ${generation}`;
      const part = done;
      const transaction = await session.transaction(signal);
      const count = (): number => rows;
      await transaction.load({
        stream: plan,
        encoding,
        read:
          route === "csv"
            ? {
                form: "bytes",
                rows: count,
                chunks: (async function* () {
                  yield Buffer.from(ids.map((id) => `${id},${part},${note(id)}\n`).join(""));
                })(),
              }
            : {
                form: "batches",
                rows: count,
                chunks: (async function* () {
                  yield {
                    rows,
                    columns: [
                      { form: "int64" as const, values: BigInt64Array.from(ids, BigInt) },
                      { form: "int64" as const, values: new BigInt64Array(rows).fill(BigInt(part)) },
                      { form: "text" as const, values: ids.map(note) },
                    ],
                    bytes: rows * 40,
                  };
                })(),
              },
        meta: {
          rawIdPrefix: `01900000-${part.toString(16).padStart(4, "0")}-7000-8000-${String(attempt).padStart(4, "0")}`,
          extractedAt: Date.UTC(2024, 0, 1),
          generation,
          sync: generation,
        },
        reject: async () => {},
        progress: () => {},
        signal,
      });
      await transaction.commit([checkpoint(done + 1, false)]);
      done += 1;
      tell(`parts ${done}\n`);
    }
    const finish = {
      stream: plan,
      checkpoint: checkpoint(parts, true),
      overlap: false,
      since: generation,
      signal,
    };
    await session.finish(finish);
  }
  tell("finished\n");
  await session.close();
}

const [, script, given] = process.argv;
if (script === import.meta.filename && given !== undefined) {
  const step = Number(process.env["KILL_AT"] ?? 0);
  // What is counted begins here: loading modules is no step.
  await import("../../src/file/destination.ts");
  if (step !== 0) killAt(step);
  await goOn(JSON.parse(given) as Going, (text) => void writeSync(1, text));
}
