// A process beside others on one folder, started by processes.test.ts: it commits parts of one row each as a connection of
// its own or the same one, and tells on standard output how that ended. With LINK_FAILS its file system has no hard links.
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { failureOf, type StreamPlan, systemClock } from "@weir/protocol";

const [folder = "", connection = "", table = "", count = "0"] = process.argv.slice(2);

const code = process.env["LINK_FAILS"];
if (code !== undefined) {
  const refuse = () => Promise.reject(Object.assign(new Error(`${code}: refused, link`), { code }));
  (fs as unknown as { link: typeof refuse }).link = refuse;
  syncBuiltinESMExports();
}

const { destination } = await import("../../src/file/destination.ts");
const signal = new AbortController().signal;
const plan: StreamPlan = {
  key: table,
  table: { name: table },
  fields: [
    { name: "id", kind: "integer" },
    { name: "note", kind: "string" },
  ],
  primaryKey: ["id"],
  mode: "append",
  generation: 1,
  minimumGeneration: 0,
  fresh: false,
  nativeTypes: false,
};

async function commitPart(session: Awaited<ReturnType<typeof destination.open>>, id: number): Promise<void> {
  const encoding = session.takes(plan).find(({ format }) => format === "batch");
  if (encoding === undefined) throw new Error("batches are not offered");
  const transaction = await session.transaction(signal);
  const chunks = async function* () {
    yield {
      rows: 1,
      columns: [
        { form: "int64" as const, values: BigInt64Array.of(BigInt(id)) },
        { form: "text" as const, values: [`of ${process.pid}`] },
      ],
      bytes: 40,
    };
  };
  await transaction.load({
    stream: plan,
    encoding,
    read: { form: "batches", rows: () => 1, chunks: chunks() },
    meta: {
      rawIdPrefix: `01900000-${id.toString(16).padStart(4, "0")}-7000-8000-${String(process.pid).slice(-4).padStart(4, "0")}`,
      extractedAt: 0,
      generation: 1,
      sync: 1,
    },
    reject: async () => undefined,
    progress: () => undefined,
    signal,
  });
  await transaction.commit([{ stream: table, document: { id } }]);
}

let done = 0;
try {
  const session = await destination.open({
    config: {
      folder,
      format: "jsonl",
      compression: "default",
      partition_by: [],
      file_megabytes: 64,
      memory_limit: "128MB",
      threads: 1,
    },
    connection,
    context: { clock: systemClock, log: () => {}, signal },
  });
  writeSync(1, "ready\n");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.destroy();
  const token = { sync: 1, attempt: 1 };
  await session.begin({ token, streams: [], checkpoints: [] });
  await session.begin({ token, streams: [plan], checkpoints: [] });
  for (let id = 0; id < Number(count); id++) {
    await commitPart(session, id);
    done += 1;
  }
  await session.close();
  writeSync(1, `${JSON.stringify({ done })}\n`);
} catch (error) {
  writeSync(1, `${JSON.stringify({ done, failure: failureOf(error, "destination") })}\n`);
}
