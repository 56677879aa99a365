// A process for duckdb-kill.test.ts: goes on with a load from the checkpoint it finds, part by part, and says on
// standard output what was committed. It ends by itself when the stream is finished, or is killed at any moment.
import { writeSync } from "node:fs";
import { systemClock, type JsonObject, type LoadTransaction, type StreamPlan } from "@weir/protocol";
import { destination } from "../src/duckdb/destination.ts";

const [, , path = "", mode = "append", route = "batch", attempt = "1"] = process.argv;

const PARTS = 6;
const ROWS = 10_000;

const signal = new AbortController().signal;
const session = await destination.open({
  config: { path, schema: "main", memory_limit: "128MB", threads: 2 },
  connection: "killed",
  context: { clock: systemClock, log: () => {}, signal },
});
const held = await session.held();
const document = held.checkpoints.find(({ stream }) => stream === "s")?.document;
let done = Number(document?.["parts"] ?? 0);
const plan: StreamPlan = {
  key: "s",
  table: { name: "s" },
  fields: [
    { name: "id", kind: "integer" },
    { name: "part", kind: "integer" },
    { name: "text", kind: "string" },
  ],
  primaryKey: ["id"],
  mode: mode as StreamPlan["mode"],
  generation: 1,
  minimumGeneration: mode.startsWith("overwrite") ? 1 : 0,
  fresh: document === undefined,
  nativeTypes: false,
};
const isFinished = document?.["finished"] === true;
if (isFinished) {
  writeSync(1, "finished\n");
  process.exit(0);
}
await session.begin({ token: { sync: 1, attempt: Number(attempt) }, streams: [plan], checkpoints: [] });
const encoding = session.takes(plan).find(({ format }) => format === route);
if (encoding === undefined) throw new Error(`${route} is not offered`);

function text(id: number): string {
  return `row number ${id}`;
}

async function load(part: number): Promise<LoadTransaction> {
  const transaction = await session.transaction(signal);
  const ids = Array.from({ length: ROWS }, (_, row) => part * ROWS + row);
  async function* csv() {
    for (let from = 0; from < ROWS; from += 1000) {
      yield Buffer.from(
        ids
          .slice(from, from + 1000)
          .map((id) => `${id},${part},${text(id)}\n`)
          .join(""),
      );
    }
  }
  async function* batch() {
    yield {
      rows: ROWS,
      columns: [
        { form: "int64" as const, values: BigInt64Array.from(ids, BigInt) },
        { form: "int64" as const, values: new BigInt64Array(ROWS).fill(BigInt(part)) },
        { form: "text" as const, values: ids.map(text) },
      ],
      bytes: ROWS * 40,
    };
  }
  const rows = (): number => ROWS;
  await transaction.load({
    stream: plan,
    encoding: encoding ?? { format: "batch", columns: [], cost: 4 },
    read:
      route === "csv" ? { form: "bytes", chunks: csv(), rows } : { form: "batches", chunks: batch(), rows },
    meta: {
      rawIdPrefix: `01900000-${part.toString(16).padStart(4, "0")}-7000-8000-${attempt.padStart(4, "0")}`,
      extractedAt: Date.UTC(2024, 0, 1),
      generation: 1,
      sync: 1,
    },
    reject: async () => {},
    progress: () => {},
    signal,
  });
  return transaction;
}

const checkpoint = (parts: number, finished: boolean): { stream: string; document: JsonObject } => ({
  stream: "s",
  document: { parts, finished },
});

while (done < PARTS) {
  // Two at a time, committed in order.
  const open = await Promise.all([done, done + 1].filter((part) => part < PARTS).map(load));
  for (const transaction of open) {
    await transaction.commit([checkpoint(done + 1, false)]);
    done += 1;
    writeSync(1, `parts ${done}\n`);
  }
}
if (document?.["finished"] !== true) {
  await session.finish({
    stream: plan,
    checkpoint: checkpoint(PARTS, true),
    overlap: false,
    since: 1,
    signal,
  });
}
writeSync(1, "finished\n");
await session.close();
