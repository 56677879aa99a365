// A process for duckdb-kill.test.ts: loads without end and leaves in the middle, without closing anything, or
// closes the session under its loads.
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, type PartRead, type StreamPlan, type WeirError } from "@weir/protocol";
import { destination } from "../src/duckdb/destination.ts";

const [, , path = "", route = "batch", way = "exit"] = process.argv;
const { signal } = new AbortController();

const session = await destination.open({
  config: { path, schema: "main", memory_limit: "128MB", threads: 2 },
  connection: "endless",
  context: { clock: systemClock, log: () => {}, signal },
});
const plan: StreamPlan = {
  key: "s",
  table: { name: "s" },
  fields: [{ name: "id", kind: "integer" }],
  primaryKey: [],
  mode: "append",
  generation: 1,
  minimumGeneration: 0,
  fresh: true,
  nativeTypes: false,
};
await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
const encoding = session.takes(plan).find(({ format }) => format === route);
if (encoding === undefined) throw new Error(`${route} is not offered`);

async function* csv() {
  for (;;) {
    yield Buffer.from("1\n".repeat(1000));
    await sleep(5);
  }
}
async function* batches() {
  const values = new BigInt64Array(200_000);
  for (;;) {
    yield { rows: values.length, columns: [{ form: "int64" as const, values }], bytes: values.byteLength };
    await sleep(0);
  }
}
const rows = (): number => 0;
const read = (): PartRead =>
  route === "csv" ? { form: "bytes", chunks: csv(), rows } : { form: "batches", chunks: batches(), rows };

setTimeout(() => {
  if (way === "close") return void session.close();
  if (way === "throw") throw new Error("an error nobody expects");
  process.exit(3);
}, 500);
const load = async (): Promise<void> => {
  const transaction = await session.transaction(signal);
  await transaction.load({
    stream: plan,
    encoding,
    read: read(),
    meta: { rawIdPrefix: "01900000-0000-7000-8000-0000", extractedAt: 0, generation: 1, sync: 1 },
    reject: async () => {},
    progress: () => {},
    signal,
  });
};
const loads = await Promise.allSettled([load(), load()]);
if (way !== "close") throw new Error("a load without end has ended");
for (const outcome of loads) {
  const { failure } = (outcome.status === "rejected" ? outcome.reason : {}) as Partial<WeirError>;
  if (failure?.code !== "destination.session_closed")
    throw new Error(`a load ended otherwise: ${failure?.code}`);
}
