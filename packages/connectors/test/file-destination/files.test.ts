import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testContext } from "@weir/kit/testing";
import { type DestinationSession, systemClock, type StreamPlan } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { destination } from "../../src/file/destination.ts";
import {
  type Format,
  FORMATS,
  ids,
  newFolder,
  overwrite,
  query,
  reader,
  rows,
  visible,
  write,
} from "./scene.ts";

const plan: StreamPlan = {
  key: "items",
  table: { name: "items" },
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

async function open(folder: string, format: Format): Promise<DestinationSession> {
  const defaults = {
    compression: "default",
    partition_by: [],
    file_megabytes: 64,
    memory_limit: "128MB",
    threads: 2,
  };
  const context = { clock: systemClock, log: () => {}, signal: new AbortController().signal };
  return destination.open({ config: { folder, format, ...defaults }, connection: "test", context });
}

const signal = new AbortController().signal;

describe.each(FORMATS)("%s", (format) => {
  test("rows whose commit failed after the manifest had them are not lost", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1, note: "a" }]);
    const table = join(folder, "items");
    const away = join(dirname(folder), `away-${format}`);
    // A file where the folder was: nothing can be moved into it.
    await expect(
      write(folder, format, [{ id: 2, note: "b" }], {
        stream: { fresh: false },
        token: { sync: 2, attempt: 1 },
        beforeCommit: () => {
          renameSync(table, away);
          writeFileSync(table, "");
        },
      }),
    ).rejects.toThrow();
    rmSync(table);
    renameSync(away, table);
    await write(folder, format, [{ id: 3, note: "c" }], {
      stream: { fresh: false },
      token: { sync: 3, attempt: 1 },
    });
    expect(await ids(folder, format)).toEqual([1, 2, 3]);
  });

  test("files lie in folders by value; NULL and hostile values do no harm", async () => {
    const folder = newFolder();
    const notes = [
      "DE",
      "de",
      "",
      null,
      "..",
      "../../evil",
      "a/b\\c",
      "%2F",
      "=",
      "__HIVE_DEFAULT_PARTITION__",
      "x".repeat(300),
      "é\n\t\u0001\"'",
    ];
    await write(
      folder,
      format,
      notes.map((note, id) => ({ id, note })),
      { config: { partition_by: ["note", "absent"] } },
    );
    const found = await rows(folder, format);
    expect(found.map(({ note }) => note)).toEqual(notes);
    const folders = visible(folder).map((path) => dirname(path));
    expect(new Set(folders).size).toBe(notes.length);
    for (const each of folders) expect(each).toMatch(/^items\/note=[\w%-]{0,200}$/);
    expect(folders).toContain("items/note=DE");
    expect(folders).toContain("items/note=__HIVE_DEFAULT_PARTITION__");
    expect(folders).toContain("items/note=%5F_HIVE_DEFAULT_PARTITION__");
    expect(readdirSync(dirname(folder)).filter((name) => name.includes("evil"))).toEqual([]);
  });

  test("many partitions at once, each row in its own, by append and by overwrite", async () => {
    const folder = newFolder();
    const many = Array.from({ length: 600 }, (_, id) => ({ id, note: `n${id % 150}` }));
    await write(folder, format, many, { config: { partition_by: ["note"] } });
    await write(folder, format, many, { ...overwrite(2), config: { partition_by: ["note"] } });
    const seen = await query(
      `SELECT note, count(*)::INT AS n, max(CASE WHEN contains(filename, '/note=' || note || '/') THEN 1 ELSE 0 END) AS good
       FROM ${reader(folder, format).replace(/\)$/, ", filename = true)")} GROUP BY note`,
    );
    expect(seen).toHaveLength(150);
    expect(seen.every(({ n, good }) => n === 4 && good === 1)).toBe(true);
  });

  test("hostile names of tables and columns", async () => {
    const folder = newFolder();
    const name = "../ta\"ble'.*%\u{1f389}";
    await write(folder, format, [{ id: 1, "we'ird \"co,l\n": "x", ID: 2, _airbyte_meta: "y" }], {
      stream: {
        table: { namespace: "s/p", name },
        fields: [
          { name: "id", kind: "integer" },
          { name: "we'ird \"co,l\n", kind: "string" },
          { name: "ID", kind: "integer" },
          { name: "_airbyte_meta", kind: "string" },
        ],
      },
    });
    expect(visible(folder).map((path) => dirname(path))).toEqual([
      "s%2Fp.%2E%2E%2Fta%22ble%27%2E%2A%25%F0%9F%8E%89",
    ]);
    const [table = ""] = readdirSync(folder).filter((each) => !each.startsWith("."));
    const schema = JSON.parse(readFileSync(join(folder, table, "_schema.json"), "utf8")) as {
      columns: { name: string }[];
    };
    expect(new Set(schema.columns.map((column) => column.name.toLowerCase())).size).toBe(8);
  });

  test("tables that differ in case alone are refused", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }]);
    const again = write(folder, format, [{ id: 1 }], { stream: { table: { name: "ITEMS" } } });
    await expect(again).rejects.toMatchObject({
      failure: { code: "destination.names_collide", recovery: "ask" },
    });
  });

  test("a later session takes over; the one before cannot commit any more, even at the same moment", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }]);
    const [older, newer, same] = [
      await open(folder, format),
      await open(folder, format),
      await open(folder, format),
    ];
    const sessions = [older, newer, same];
    await older.begin({ token: { sync: 2, attempt: 1 }, streams: [plan], checkpoints: [] });
    const transactions = [await older.transaction(signal)];
    await load(transactions[0], older, 2);
    await newer.begin({ token: { sync: 3, attempt: 1 }, streams: [plan], checkpoints: [] });
    transactions.push(await newer.transaction(signal));
    await load(transactions[1], newer, 3);
    // Another process that believes to be the same attempt.
    await same.begin({ token: { sync: 3, attempt: 1 }, streams: [plan], checkpoints: [] });
    transactions.push(await same.transaction(signal));
    await load(transactions[2], same, 4);
    const ended = await Promise.allSettled(
      transactions.map((transaction, n) => transaction?.commit([{ stream: "items", document: { n } }])),
    );
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
    expect(ended[0]).toMatchObject({ reason: { failure: { code: "destination.fenced", recovery: "stop" } } });
    await expect(
      older.begin({ token: { sync: 2, attempt: 1 }, streams: [], checkpoints: [] }),
    ).rejects.toMatchObject({
      failure: { code: "destination.fenced" },
    });
    for (const session of sessions) await session.close();
    expect(await ids(folder, format)).toEqual([1, 4]);
    const { held } = await write(folder, format, [], { token: { sync: 4, attempt: 1 } });
    expect(held.checkpoints).toEqual([{ stream: "items", document: { n: 2 } }]);
  });

  test("commits of two connections at the same moment both hold", async () => {
    const folder = newFolder();
    await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        write(folder, format, [{ id: n }], { connection: `c${n}`, stream: { table: { name: `t${n}` } } }),
      ),
    );
    expect(visible(folder)).toHaveLength(4);
  });

  test("count and checksum are those of the source", async () => {
    const folder = newFolder();
    await write(folder, format, [
      { id: 1, note: 'a"\n' },
      { id: 2, note: null },
    ]);
    await write(folder, format, [{ id: 3, note: "" }], { token: { sync: 2, attempt: 1 } });
    const session = await open(folder, format);
    const measured = await session.measure(plan, { key: ["id"], signal });
    const [sum] = await query(
      "SELECT sum(CAST('0x' || substr(md5(k), 1, 15) AS BIGINT))::VARCHAR AS s FROM (VALUES ('1'), ('2'), ('3')) t(k)",
    );
    expect(measured).toEqual({ rows: 3, checksum: sum?.["s"] });
    const both = await session.measure(plan, { key: ["id", "note"], signal });
    const [pairs] = await query(
      `SELECT sum(CAST('0x' || substr(md5(k), 1, 15) AS BIGINT))::VARCHAR AS s
       FROM (VALUES ('1' || chr(31) || 'a"' || chr(10)), ('2' || chr(31) || '\\N'), ('3' || chr(31))) t(k)`,
    );
    expect(both).toEqual({ rows: 3, checksum: pairs?.["s"] });
    await session.close();
  });

  test("a load that read changed rows again keeps the newest of each key", async () => {
    for (const parts of [{ stream: { mode: "append" as const } }, overwrite(1)]) {
      const folder = newFolder();
      await write(folder, format, [{ id: 9, note: "before" }], { stream: { generation: 0 } });
      const stream = {
        ...parts.stream,
        generation: 1,
        primaryKey: ["id"],
        cursor: "v",
        fields: [...plan.fields, { name: "v", kind: "integer" as const }],
      };
      await write(
        folder,
        format,
        [
          { id: 1, note: "old", v: 9 },
          { id: 2, note: "only", v: 1 },
          { id: 9, note: "now", v: 1 },
        ],
        {
          stream: { ...stream, fresh: true },
          token: { sync: 1, attempt: 1 },
          until: "commit",
        },
      );
      await write(
        folder,
        format,
        [
          { id: 1, note: "new", v: 10 },
          { id: 3, note: 'a "\nb', v: 1 },
        ],
        {
          stream: { ...stream, fresh: false },
          token: { sync: 1, attempt: 2 },
          until: "commit",
        },
      );
      const session = await open(folder, format);
      const whole: StreamPlan = { ...plan, minimumGeneration: 0, ...stream, fresh: false };
      await session.begin({ token: { sync: 1, attempt: 3 }, streams: [whole], checkpoints: [] });
      await session.finish({
        stream: whole,
        checkpoint: { stream: "items", document: {} },
        overlap: true,
        since: 1,
        signal,
      });
      await session.close();
      expect(readdirSync(join(folder, ".weir", "connection-test", "open"))).toEqual([]);
      const found = (await rowsWith(folder, format)).map(({ id, note }) => `${String(id)} ${String(note)}`);
      const kept = ["1 new", "2 only", '3 a "\nb', "9 now"];
      expect(found.toSorted()).toEqual(
        parts.stream.mode === "append" ? [...kept, "9 before"].toSorted() : kept,
      );
    }
  });

  test("a cancel ends a load within a second and leaves nothing", async () => {
    const folder = newFolder();
    await write(folder, format, [{ id: 1 }]);
    const session = await open(folder, format);
    await session.begin({ token: { sync: 2, attempt: 1 }, streams: [plan], checkpoints: [] });
    const stop = new AbortController();
    const transaction = await session.transaction(stop.signal);
    const encoding = session.takes(plan).find((each) => each.format === "batch");
    if (encoding === undefined) throw new Error("Every destination takes batches.");
    async function* endless() {
      for (;;) {
        yield {
          rows: 1000,
          columns: [
            { form: "int64" as const, values: new BigInt64Array(1000) },
            { form: "text" as const, values: Array.from({ length: 1000 }, () => "text") },
          ],
          bytes: 20_000,
        };
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const loading = transaction.load({
      stream: plan,
      encoding,
      read: { form: "batches", chunks: endless(), rows: () => 0 },
      meta: { rawIdPrefix: "01900000-0000-7000-8000-0001", extractedAt: 0, generation: 1, sync: 2 },
      reject: async () => {},
      progress: () => {},
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error("enough")), 300);
    await expect(loading).rejects.toThrow("enough");
    const began = performance.now();
    await transaction.rollback();
    await session.close();
    expect(performance.now() - began).toBeLessThan(1000);
    expect(visible(folder)).toHaveLength(1);
    expect(readdirSync(join(folder, ".weir", "connection-test", "open"))).toEqual([]);
  });
});

test.each([
  ["jsonl", "gzip", ".jsonl.gz"],
  ["jsonl", "zstd", ".jsonl.zst"],
  ["csv", "gzip", ".csv.gz"],
  ["csv", "zstd", ".csv.zst"],
  ["parquet", "zstd", ".parquet"],
  ["parquet", "gzip", ".parquet"],
  ["parquet", "none", ".parquet"],
] as const)("%s with %s, in files of about the size asked for", async (format, compression, ending) => {
  const folder = newFolder();
  // Texts that do not compress well: 20 MB of hex digits.
  const many = Array.from({ length: 20_000 }, (_, id) => ({
    id,
    note: Array.from({ length: 32 }, (_unused, n) =>
      ((id * 2_654_435_761 + n * 40_503 * (id + 7)) >>> 0).toString(36),
    ).join(""),
  }));
  for (let from = 0, sync = 1; from < many.length; from += 10_000, sync += 1)
    await write(folder, format, many.slice(from, from + 10_000), {
      config: { compression, file_megabytes: 1 },
      token: { sync, attempt: 1 },
      stream: { fresh: sync === 1 },
    });
  const files = visible(folder);
  expect(files.every((path) => path.endsWith(ending))).toBe(true);
  // A Parquet file holds a group of rows at least.
  expect(files.length).toBeGreaterThan(format === "parquet" ? 1 : 2);
  if (format !== "parquet")
    for (const path of files) expect(statSync(join(folder, path)).size).toBeLessThan(2 * 1024 * 1024);
  const found = await rows(folder, format);
  expect(found.map(({ note }) => note)).toEqual(many.map(({ note }) => note));
});

test("snappy is refused for text, before anything is made", async () => {
  const config = { folder: newFolder(), format: "csv", compression: "snappy" };
  await expect(
    destination.check(
      { ...config, partition_by: [], file_megabytes: 1, memory_limit: "1GB", threads: 0 },
      testContext(),
    ),
  ).resolves.toMatchObject({
    status: "FAILED",
    failures: [{ code: "config.invalid", path: "compression" }],
  });
});

async function load(
  transaction: Awaited<ReturnType<DestinationSession["transaction"]>> | undefined,
  session: DestinationSession,
  id: number,
): Promise<void> {
  const encoding = session.takes(plan).find((each) => each.format === "batch");
  if (encoding === undefined || transaction === undefined)
    throw new Error("Every destination takes batches.");
  await transaction.load({
    stream: plan,
    encoding,
    read: {
      form: "batches",
      rows: () => 1,
      chunks: (async function* () {
        yield {
          rows: 1,
          columns: [
            { form: "json" as const, values: [id] },
            { form: "json" as const, values: ["x"] },
          ],
          bytes: 10,
        };
      })(),
    },
    meta: { rawIdPrefix: `01900000-0000-7000-8000-000${id}`, extractedAt: 0, generation: 1, sync: 2 },
    reject: async () => {},
    progress: () => {},
    signal,
  });
}

/** With a column that the first file lacks. */
async function rowsWith(folder: string, format: string): Promise<readonly Record<string, unknown>[]> {
  const files = visible(folder).map((path) => join(folder, path));
  const found = await Promise.all(
    files.map((path) =>
      query(
        format === "parquet"
          ? `SELECT id, note FROM read_parquet('${path}')`
          : format === "csv"
            ? `SELECT id, note FROM read_csv('${path}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`
            : `SELECT id, note FROM read_json('${path}', format = 'newline_delimited')`,
      ),
    ),
  );
  return found.flat();
}
