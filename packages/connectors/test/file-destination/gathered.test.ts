import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type DestinationSession, type LoadTransaction, type StreamPlan, systemClock } from "@weir/protocol";
import { afterEach, expect, test } from "vitest";
import { destination } from "../../src/file/destination.ts";
import { newFolder, query, reader, visible } from "./scene.ts";

const BATCHES = 40;
const ROWS = 32;
const WIDTH = 64 * 1024;
/** What PostgreSQL calls infinity, as batches have it. */
const ENDLESS = "infinity";

const plan: StreamPlan = {
  key: "items",
  table: { name: "items" },
  fields: [
    { name: "id", kind: "integer" },
    { name: "note", kind: "string" },
    { name: "day", kind: "date" },
  ],
  primaryKey: ["id"],
  mode: "append",
  generation: 1,
  minimumGeneration: 0,
  fresh: false,
  nativeTypes: false,
};
const signal = new AbortController().signal;

const open: DestinationSession[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.close();
});

/** 84 MB in one transaction, where 32 may gather. Of the first and the last row the date is endless. */
async function loaded(folder: string): Promise<{ transaction: LoadTransaction; changed: number }> {
  const session = await destination.open({
    config: {
      folder,
      format: "parquet",
      compression: "default",
      partition_by: [],
      file_megabytes: 256,
      memory_limit: "128MB",
      threads: 2,
    },
    connection: "test",
    context: { clock: systemClock, log: () => {}, signal },
  });
  open.push(session);
  const token = { sync: 1, attempt: 1 };
  await session.begin({ token, streams: [plan], checkpoints: [] });
  const encoding = session.takes(plan).find(({ format }) => format === "batch");
  if (encoding === undefined) throw new Error("batches are not offered");
  const transaction = await session.transaction(signal);
  const chunks = async function* () {
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = Array.from({ length: ROWS }, (_, row) => batch * ROWS + row);
      const isEdge = (id: number): boolean => id === 0 || id === BATCHES * ROWS - 1;
      yield {
        rows: ROWS,
        columns: [
          { form: "int64" as const, values: BigInt64Array.from(rows, BigInt) },
          { form: "text" as const, values: rows.map((id) => String(id).repeat(WIDTH).slice(0, WIDTH)) },
          { form: "text" as const, values: rows.map((id) => (isEdge(id) ? ENDLESS : "2024-02-29")) },
        ],
        bytes: ROWS * WIDTH,
      };
    }
  };
  const { written, changed } = await transaction.load({
    stream: plan,
    encoding,
    read: { form: "batches", rows: () => BATCHES * ROWS, chunks: chunks() },
    meta: { rawIdPrefix: "01900000-0000-7000-8000-0001", extractedAt: 0, generation: 1, sync: 1 },
    reject: async () => undefined,
    progress: () => undefined,
    signal,
  });
  expect(written).toBe(BATCHES * ROWS);
  return { transaction, changed };
}

test("more rows than may gather in memory become several files, seen once they are committed", async () => {
  const folder = newFolder();
  const { transaction, changed } = await loaded(folder);
  expect(changed).toBe(2);
  expect(visible(folder)).toEqual([]);
  await transaction.commit([{ stream: "items", document: {} }]);
  expect(visible(folder).length).toBeGreaterThanOrEqual(3);
  const [found] = await query(
    `SELECT count(*) AS rows, count(DISTINCT id) AS ids, min(length(note)) AS width, count(day) AS days,
       count(DISTINCT _airbyte_raw_id) AS raw, count(*) FILTER (note <> left(repeat(id::VARCHAR, ${WIDTH}), ${WIDTH})) AS wrong,
       list(id ORDER BY id) FILTER (json_array_length(_airbyte_meta, '$.changes') > 0) AS changed
     FROM ${reader(folder, "parquet")}`,
  );
  const all = String(BATCHES * ROWS);
  expect(found).toEqual({
    rows: all,
    ids: all,
    width: String(WIDTH),
    days: String(BATCHES * ROWS - 2),
    raw: all,
    wrong: "0",
    changed: ["0", String(BATCHES * ROWS - 1)],
  });
}, 60_000);

test("files of a transaction that is rolled back are gone", async () => {
  const folder = newFolder();
  const { transaction } = await loaded(folder);
  await transaction.rollback();
  expect(visible(folder)).toEqual([]);
  const left = readdirSync(join(folder, ".weir", "connection-test", "open"), { recursive: true });
  expect(left.map(String).filter((name) => name.includes(".part") || name.includes("parquet"))).toEqual([]);
}, 60_000);
