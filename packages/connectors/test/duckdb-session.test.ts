import { WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import {
  batches,
  batchOf,
  begin,
  finish,
  loadPart,
  loadRequest,
  loadRows,
  never,
  newPath,
  openSession,
  ORDERS,
  planOf,
  query,
  syncRows,
} from "./duckdb-scene.ts";

const ROWS = [
  { id: 1, customer: "Ada", total: "10.50", updated_at: "2024-01-01T10:00:00Z" },
  { id: 2, customer: null, total: 3, updated_at: "2024-01-02T10:00:00.123456+02:00" },
];

async function failureOf(promise: Promise<unknown>): Promise<WeirError["failure"]> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof WeirError) return error.failure;
  throw new Error(`no WeirError: ${String(error)}`);
}

describe("a session", () => {
  test("holds nothing in a file that is not there yet", async () => {
    const session = await openSession(newPath());
    expect(await session.held()).toEqual({ token: null, checkpoints: [] });
  });

  test("makes Airbyte's direct-load table and fills it", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf();
    expect(await begin(session, plan)).toEqual(["main.orders: created"]);
    expect(await loadRows(session, plan, ROWS)).toEqual({
      received: 2,
      written: 2,
      rejected: 0,
      changed: 0,
      bytes: 200,
    });
    await finish(session, plan);
    expect(
      await query(
        path,
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = 'orders'",
      ),
    ).toEqual([
      { column_name: "_airbyte_raw_id", data_type: "VARCHAR", is_nullable: false },
      { column_name: "_airbyte_extracted_at", data_type: "TIMESTAMP WITH TIME ZONE", is_nullable: false },
      { column_name: "_airbyte_meta", data_type: "JSON", is_nullable: false },
      { column_name: "_airbyte_generation_id", data_type: "BIGINT", is_nullable: false },
      { column_name: "id", data_type: "BIGINT", is_nullable: true },
      { column_name: "customer", data_type: "VARCHAR", is_nullable: true },
      { column_name: "total", data_type: "DECIMAL(10,2)", is_nullable: true },
      { column_name: "updated_at", data_type: "TIMESTAMP WITH TIME ZONE", is_nullable: true },
    ]);
    const [first, second] = await query(path, "FROM orders ORDER BY id");
    expect(first).toMatchObject({
      _airbyte_extracted_at: "2024-01-01 00:00:00+00",
      _airbyte_meta: '{"sync_id":1,"changes":[]}',
      _airbyte_generation_id: "1",
      customer: "Ada",
      total: "10.50",
    });
    expect(first?.["_airbyte_raw_id"]).toMatch(/^0190a000-[0-9a-f]{4}-7000-8000-0000-?00000000$/);
    expect(second).toMatchObject({
      customer: null,
      total: "3.00",
      updated_at: "2024-01-02 08:00:00.123456+00",
    });
  });

  test("counts raw ids up within a load, in the order of the rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ fields: [{ name: "id", kind: "integer" }] });
    await begin(session, plan);
    const read = batches(
      ...Array.from({ length: 30 }, (_, part) => ({
        rows: 5000,
        columns: [
          {
            form: "int64" as const,
            values: BigInt64Array.from({ length: 5000 }, (_row, row) => BigInt(part * 5000 + row)),
          },
        ],
        bytes: 40_000,
      })),
    );
    await loadPart(session, { plan, read });
    const [row] = await query(
      path,
      "SELECT count(*) AS n, count(DISTINCT _airbyte_raw_id) AS ids, count(*) FILTER (('0x' || right(_airbyte_raw_id, 8))::BIGINT = id) AS ordered FROM orders",
    );
    expect(row).toEqual({ n: "150000", ids: "150000", ordered: "150000" });
  });

  test("keeps checkpoints, fence and rows through a second opening", async () => {
    const path = newPath();
    const first = await openSession(path);
    await first.begin({
      token: { sync: 4, attempt: 2 },
      streams: [planOf()],
      checkpoints: [{ stream: "", document: { whole: 1 } }],
    });
    await loadRows(first, planOf(), ROWS);
    await loadRows(first, planOf(), ROWS.slice(1));
    await first.close();
    const second = await openSession(path);
    expect(await second.held()).toEqual({
      token: { sync: 4, attempt: 2 },
      checkpoints: [
        { stream: "", document: { whole: 1 } },
        { stream: "orders", document: { rows: 1 } },
      ],
    });
    const other = await openSession(path, { connection: "another" });
    expect(await other.held()).toEqual({ token: null, checkpoints: [] });
  });

  test("keeps documents exactly: big numbers, NUL, halves of surrogate pairs, quotes in keys", async () => {
    const session = await openSession(newPath(), { connection: `it's "mine" \ud800` });
    const document = { big: 12345678901234567890n, text: "a\0b \ud800 'x'", deep: { list: [1, null] } };
    const streams = ["it's", '"quoted"', "half \udfff", "nul \0"];
    await session.begin({
      token: { sync: 1, attempt: 1 },
      streams: [],
      checkpoints: streams.map((stream) => ({ stream, document })),
    });
    const { checkpoints } = await session.held();
    expect(new Map(checkpoints.map((item) => [item.stream, item.document]))).toEqual(
      new Map(streams.map((stream) => [stream, document])),
    );
  });

  test("reset replaces and removes checkpoints and leaves the fence", async () => {
    const session = await openSession(newPath());
    await session.reset([{ stream: "orders", document: null }]);
    await session.begin({
      token: { sync: 3, attempt: 1 },
      streams: [],
      checkpoints: [
        { stream: "a", document: { v: 1 } },
        { stream: "b", document: { v: 1 } },
      ],
    });
    await session.reset([
      { stream: "a", document: null },
      { stream: "b", document: { v: 2 } },
      { stream: "c", document: { v: 3 } },
    ]);
    expect(await session.held()).toEqual({
      token: { sync: 3, attempt: 1 },
      checkpoints: [
        { stream: "b", document: { v: 2 } },
        { stream: "c", document: { v: 3 } },
      ],
    });
  });

  test("prunes entries that no longer hold", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf();
    await begin(session, plan);
    for (let part = 0; part < 5; part++) await loadRows(session, plan, ROWS);
    await finish(session, plan);
    expect(await session.held()).toMatchObject({ checkpoints: [{ document: { finished: true } }] });
    expect(await query(path, "SELECT count(*) AS n FROM _weir.checkpoints")).toEqual([{ n: "1" }]);
  });
});

describe("transactions", () => {
  test("are rolled back with all that was loaded", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf();
    await begin(session, plan);
    const transaction = await session.transaction(never());
    await transaction.load(loadRequest(session, { plan, read: batches(batchOf(ORDERS, ROWS)) }));
    await transaction.rollback();
    await transaction.rollback();
    expect(await session.held()).toMatchObject({ checkpoints: [] });
    expect(await query(path, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "0" }]);
  });

  test("of several streams and of one stream are open side by side and all commit", async () => {
    const path = newPath();
    const session = await openSession(path, { config: { threads: 4 } });
    const plans = ["a", "b"].map((name) => planOf({ key: name, table: { name } }));
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: plans, checkpoints: [] });
    for (let round = 0; round < 10; round++) {
      const open = await Promise.all(
        [0, 1, 0].map(async (index) => {
          const plan = plans[index] ?? planOf();
          const transaction = await session.transaction(never());
          await transaction.load(loadRequest(session, { plan, read: batches(batchOf(ORDERS, ROWS)) }));
          return { plan, transaction };
        }),
      );
      await Promise.all(
        open.map(({ plan, transaction }) =>
          transaction.commit([
            { stream: plan.key, document: { round } },
            { stream: "", document: { round } },
          ]),
        ),
      );
    }
    expect((await session.held()).checkpoints).toEqual([
      { stream: "", document: { round: 9 } },
      { stream: "a", document: { round: 9 } },
      { stream: "b", document: { round: 9 } },
    ]);
    expect(await query(path, "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b")).toEqual([
      { a: "40", b: "20" },
    ]);
  });

  test("may be open while another stream is finished", async () => {
    const path = newPath();
    const session = await openSession(path);
    const a = planOf({ key: "a", table: { name: "a" }, mode: "overwrite", minimumGeneration: 1 });
    const b = planOf({ key: "b", table: { name: "b" } });
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [a, b], checkpoints: [] });
    const open = await session.transaction(never());
    await open.load(loadRequest(session, { plan: b, read: batches(batchOf(ORDERS, ROWS)) }));
    await loadRows(session, a, ROWS);
    await finish(session, a);
    await open.commit([{ stream: "b", document: {} }]);
    expect(await query(path, "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b")).toEqual([
      { a: "2", b: "2" },
    ]);
  });
});

describe("the fence", () => {
  test("keeps out an attempt that a later one has followed, even in a transaction opened before", async () => {
    const path = newPath();
    const old = await openSession(path);
    const plan = planOf();
    await begin(old, plan, { sync: 2, attempt: 1 });
    const transaction = await old.transaction(never());
    await transaction.load(loadRequest(old, { plan, read: batches(batchOf(ORDERS, ROWS)) }));
    const young = await openSession(path);
    await young.begin({ token: { sync: 2, attempt: 2 }, streams: [], checkpoints: [] });
    expect(await failureOf(transaction.commit([]))).toMatchObject({
      code: "destination.fenced",
      recovery: "stop",
    });
    await transaction.rollback();
    expect(await failureOf(finish(old, plan))).toMatchObject({ code: "destination.fenced" });
    expect(await failureOf(begin(old, plan, { sync: 1, attempt: 9 }))).toMatchObject({
      code: "destination.fenced",
    });
    expect(await begin(young, plan, { sync: 2, attempt: 2 })).toEqual([]);
    await young.close();
    await old.close();
    expect(await query(path, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "0" }]);
  });
});

describe("measure", () => {
  test("counts rows and sums the keys' checksums", async () => {
    const session = await openSession(newPath());
    const plan = planOf();
    expect(await session.measure(plan, { key: ["id"], signal: never() })).toEqual({ rows: 0, checksum: "0" });
    await syncRows(session, plan, [{ id: 1 }, { id: 2 }, { id: null }]);
    expect(await session.measure(plan, { key: [], signal: never() })).toEqual({ rows: 3 });
    // md5 of "1", "2" and "\N": c4ca4238a0b9238, c81e728d9d4c2f6, and 9b61aa1bd5e6d82.
    const { rows, checksum } = await session.measure(plan, { key: ["id"], signal: never() });
    const { createHash } = await import("node:crypto");
    const sum = ["1", "2", "\\N"]
      .map((text) => BigInt(`0x${createHash("md5").update(text).digest("hex").slice(0, 15)}`))
      .reduce((total, value) => total + value, 0n);
    expect({ rows, checksum }).toEqual({ rows: 3, checksum: String(sum) });
  });

  test("says which column is missing", async () => {
    const session = await openSession(newPath());
    await syncRows(session, planOf(), []);
    const wider = planOf({ fields: [...ORDERS, { name: "extra", kind: "string" }] });
    expect(await failureOf(session.measure(wider, { key: ["extra"], signal: never() }))).toMatchObject({
      code: "destination.column_missing",
    });
  });
});
