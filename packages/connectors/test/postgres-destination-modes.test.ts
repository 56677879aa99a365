import { describe, expect, test } from "vitest";
import type { JsonObject, StreamPlan } from "@weir/protocol";
import {
  fields,
  finishStream,
  loadPart,
  openDestination,
  planOf,
  type SyncOptions,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";

const ORDERS = fields({ id: "integer", note: "string", total: "number", at: "timestamp_with_timezone" });

describe("append", () => {
  test("lays the table out as Airbyte does and keeps what was there", async () => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "orders" }, fields: ORDERS });
    const first = await syncStream(db.url, plan, [
      { id: 1, note: "a\tb\\c\nd", total: 1.5, at: "2024-01-01T00:00:00Z" },
      { id: 2, note: null, total: null, at: null },
    ]);
    expect(first.notes).toEqual(["orders: created table public.orders"]);
    expect(first.result).toMatchObject({ received: 2, written: 2, rejected: 0, changed: 0 });
    await syncStream(db.url, plan, [{ id: 3 }], { sync: 2 });
    const columns = await db.sql(
      "SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum",
    );
    expect(columns.map(({ attname, type, attnotnull }) => [attname, type, attnotnull])).toEqual([
      ["_airbyte_raw_id", "character varying", "t"],
      ["_airbyte_extracted_at", "timestamp with time zone", "t"],
      ["_airbyte_meta", "jsonb", "t"],
      ["_airbyte_generation_id", "bigint", "t"],
      ["id", "bigint", "f"],
      ["note", "character varying", "f"],
      ["total", "numeric", "f"],
      ["at", "timestamp with time zone", "f"],
    ]);
    const rows = await db.sql(
      "SELECT id, note, total, at, _airbyte_meta::text AS meta FROM orders ORDER BY id",
    );
    expect(rows).toEqual([
      {
        id: "1",
        note: "a\tb\\c\nd",
        total: "1.5",
        at: "2024-01-01 00:00:00+00",
        meta: '{"changes": [], "sync_id": 1}',
      },
      { id: "2", note: null, total: null, at: null, meta: '{"changes": [], "sync_id": 1}' },
      { id: "3", note: null, total: null, at: null, meta: '{"changes": [], "sync_id": 2}' },
    ]);
  });

  test("numbers rows of a load one after the other in their raw ids, over batches too", async () => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer" }) });
    await syncStream(
      db.url,
      plan,
      Array.from({ length: 300 }, (_, id) => ({ id })),
    );
    const [row] = await db.sql(
      "SELECT count(DISTINCT _airbyte_raw_id) AS ids, bool_and(right(_airbyte_raw_id, 8) = lpad(to_hex(id), 8, '0')) AS numbered, max(length(_airbyte_raw_id)) AS length FROM t",
    );
    expect(row).toEqual({ ids: "300", numbered: "t", length: "36" });
  });

  test("a refresh that removes takes older generations away when it is finished", async () => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer" }) });
    await syncStream(db.url, plan, [{ id: 1 }]);
    await syncStream(db.url, { ...plan, generation: 2, minimumGeneration: 2 }, [{ id: 2 }], { sync: 2 });
    expect(await db.sql("SELECT id, _airbyte_generation_id AS g FROM t")).toEqual([{ id: "2", g: "2" }]);
  });

  test("rows read twice in one load stay once, those of earlier loads and those without a key stay", async () => {
    const db = await newDatabase();
    const plan = planOf({
      table: { name: "t" },
      fields: fields({ id: "integer", note: "string" }),
      primaryKey: ["id"],
    });
    await syncStream(db.url, plan, [{ id: 1, note: "sync 1" }]);
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 2, attempt: 1 }, streams: [plan], checkpoints: [] });
    await loadPart(
      session,
      plan,
      [
        { id: 1, note: "old" },
        { id: 2, note: "kept" },
        { id: null, note: "a" },
      ],
      {
        sync: 2,
      },
    );
    await loadPart(
      session,
      plan,
      [
        { id: 1, note: "new" },
        { id: null, note: "b" },
      ],
      { sync: 3 },
    );
    await finishStream(session, plan, { overlap: true, since: 2 });
    await session.close();
    expect(await notes(db, "t")).toEqual(["1 new", "1 sync 1", "2 kept", "null a", "null b"]);
  });
});

async function notes(db: Database, table: string): Promise<readonly string[]> {
  const rows = await db.sql(`SELECT coalesce(id::text, 'null') || ' ' || note AS text FROM ${table}`);
  return rows.map(({ text }) => text ?? "").toSorted();
}

describe("overwrite", () => {
  const plan = planOf({
    table: { name: "t" },
    fields: fields({ id: "integer", note: "string" }),
    mode: "overwrite",
    minimumGeneration: 1,
  });

  test("shows nothing before it is complete, then everything at once", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan, [{ id: 1, note: "first" }]);
    const next: StreamPlan = { ...plan, generation: 2, minimumGeneration: 2 };
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 2, attempt: 1 }, streams: [next], checkpoints: [] });
    await loadPart(session, next, [{ id: 2, note: "second" }]);
    expect(await notes(db, "t")).toEqual(["1 first"]);
    await loadPart(session, next, [{ id: 3, note: "third" }]);
    await finishStream(session, next);
    await session.close();
    expect(await notes(db, "t")).toEqual(["2 second", "3 third"]);
    expect(await db.sql("SELECT relname FROM pg_class WHERE relname LIKE '%\\_g2'")).toEqual([]);
  });

  test("an empty load leaves an empty table, also where there was none", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan, []);
    expect(await db.sql("SELECT count(*) AS rows FROM t")).toEqual([{ rows: "0" }]);
    await syncStream(db.url, { ...plan, generation: 2 }, [{ id: 1 }], { sync: 2 });
    await syncStream(db.url, { ...plan, generation: 3 }, [], { sync: 3 });
    expect(await db.sql("SELECT count(*) AS rows FROM t")).toEqual([{ rows: "0" }]);
  });

  test("rows staged before a crash are gone on from, or dropped when the load is fresh", async () => {
    const db = await newDatabase();
    const crash = async (stream: StreamPlan, attempt: number, rows: readonly JsonObject[]): Promise<void> => {
      const session = await openDestination(db.url);
      await session.begin({ token: { sync: 1, attempt }, streams: [stream], checkpoints: [] });
      await loadPart(session, stream, rows);
      await session.close();
    };
    await crash(plan, 1, [{ id: 1, note: "dropped" }]);
    await crash(plan, 2, [{ id: 2, note: "a" }]);
    await crash({ ...plan, fresh: false }, 3, [{ id: 3, note: "b" }]);
    await syncStream(db.url, { ...plan, fresh: false }, [{ id: 4, note: "c" }], { attempt: 4 });
    expect(await notes(db, "t")).toEqual(["2 a", "3 b", "4 c"]);
  });

  test("staged rows of an older generation go, with the checkpoints that say so", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
    await loadPart(session, plan, [{ id: 1, note: "x" }], { document: { generation: 1 } });
    const next: StreamPlan = { ...plan, generation: 2 };
    const document = { generation: 2, state: null };
    await session.begin({
      token: { sync: 2, attempt: 1 },
      streams: [next],
      checkpoints: [{ stream: "t", document }],
    });
    expect((await session.held()).checkpoints).toEqual([{ stream: "t", document }]);
    await session.close();
    const stages = await db.sql("SELECT relname FROM pg_class WHERE relname ~ '_g[0-9]+$' AND relkind = 'r'");
    expect(stages).toHaveLength(1);
    expect(stages[0]?.["relname"]).toMatch(/_g2$/);
  });

  test("without staged rows that a checkpoint counts on it refuses to go on", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    const begun = session.begin({
      token: { sync: 1, attempt: 1 },
      streams: [{ ...plan, fresh: false }],
      checkpoints: [],
    });
    await expect(begun).rejects.toMatchObject({ failure: { code: "destination.staged_rows_missing" } });
    await session.close();
  });

  test("deduplicated, the newest row of each key is shown", async () => {
    const db = await newDatabase();
    const dedup: StreamPlan = {
      ...plan,
      fields: fields({ id: "integer", note: "string", version: "integer", _ab_cdc_deleted_at: "string" }),
      mode: "overwrite_dedup",
      primaryKey: ["id"],
      cursor: "version",
    };
    await syncStream(db.url, dedup, [
      { id: 1, note: "late", version: 9 },
      { id: 1, note: "early", version: 3 },
      { id: 1, note: "never", version: null },
      { id: 2, note: "gone", version: 1 },
      { id: 2, note: "gone", version: 2, _ab_cdc_deleted_at: "2024-01-01" },
      { id: null, note: "first null", version: 1 },
      { id: null, note: "second null", version: 2 },
    ]);
    expect(await notes(db, "t")).toEqual(["1 late", "null second null"]);
  });
});

describe("append with dedup", () => {
  const plan = planOf({
    table: { name: "t" },
    fields: fields({ id: "integer", note: "string", version: "integer" }),
    mode: "append_dedup",
    primaryKey: ["id"],
    cursor: "version",
  });
  const sync = (
    db: Database,
    stream: StreamPlan,
    number: number,
    rows: readonly JsonObject[],
    options: SyncOptions = {},
  ): Promise<unknown> => syncStream(db.url, stream, rows, { sync: number, ...options });

  test("merges by key: newer rows win whatever their order, others stay", async () => {
    const db = await newDatabase();
    await sync(db, plan, 1, [
      { id: 1, note: "one", version: 5 },
      { id: 2, note: "two", version: 5 },
      { id: 3, note: "three", version: null },
    ]);
    await sync(db, plan, 2, [
      { id: 1, note: "older", version: 4 },
      { id: 2, note: "same cursor, read later", version: 5 },
      { id: 3, note: "now with cursor", version: 1 },
      { id: 4, note: "first", version: 1 },
      { id: 4, note: "second", version: 2 },
    ]);
    expect(await notes(db, "t")).toEqual([
      "1 one",
      "2 same cursor, read later",
      "3 now with cursor",
      "4 second",
    ]);
    await sync(db, plan, 3, [{ id: 2, note: "cursor lost", version: null }]);
    expect(await notes(db, "t")).toContain("2 same cursor, read later");
  });

  test("without a cursor the row read last wins", async () => {
    const db = await newDatabase();
    const { cursor: _cursor, ...rest } = plan;
    await sync(db, rest, 1, [{ id: 1, note: "a" }]);
    await sync(db, rest, 2, [
      { id: 1, note: "b" },
      { id: 1, note: "c" },
    ]);
    expect(await notes(db, "t")).toEqual(["1 c"]);
  });

  test("NULL in a key equals NULL, in one sync and over several, also in a part of a key", async () => {
    const db = await newDatabase();
    const pair = { ...plan, primaryKey: ["id", "note"] };
    await sync(db, pair, 1, [
      { id: 1, note: null, version: 1 },
      { id: null, note: null, version: 1 },
      { id: 2, note: "x", version: 1 },
    ]);
    await sync(db, pair, 2, [
      { id: 1, note: null, version: 2 },
      { id: null, note: null, version: 3 },
      { id: null, note: null, version: 2 },
      { id: 2, note: "x", version: 2 },
      { id: 1, note: "y", version: 1 },
    ]);
    const rows = await db.sql("SELECT id, note, version FROM t ORDER BY id NULLS LAST, note NULLS LAST");
    expect(rows).toEqual([
      { id: "1", note: "y", version: "1" },
      { id: "1", note: null, version: "2" },
      { id: "2", note: "x", version: "2" },
      { id: null, note: null, version: "3" },
    ]);
  });

  test("a row deleted at the source goes, unless what is shown is newer", async () => {
    const db = await newDatabase();
    const cdc: StreamPlan = {
      ...plan,
      fields: [...plan.fields, { name: "_ab_cdc_deleted_at", kind: "timestamp_with_timezone" }],
    };
    const at = "2024-01-01T00:00:00Z";
    await sync(db, cdc, 1, [
      { id: 1, note: "a", version: 1 },
      { id: 2, note: "b", version: 9 },
      { id: 3, note: "c", version: 1 },
      { id: 5, note: "never shown", version: 1, _ab_cdc_deleted_at: at },
    ]);
    await sync(db, cdc, 2, [
      { id: 1, version: 2, _ab_cdc_deleted_at: at },
      { id: 2, version: 3, _ab_cdc_deleted_at: at },
      { id: 3, version: 2, _ab_cdc_deleted_at: at },
      { id: 3, note: "back", version: 3 },
      { id: 4, note: "born and dead", version: 1 },
      { id: 4, version: 2, _ab_cdc_deleted_at: at },
    ]);
    expect(await notes(db, "t")).toEqual(["2 b", "3 back"]);
  });

  test("older generations go before rows are compared", async () => {
    const db = await newDatabase();
    await sync(db, plan, 1, [
      { id: 1, note: "old with great cursor", version: 99 },
      { id: 2, note: "old", version: 1 },
    ]);
    await sync(db, { ...plan, generation: 2, minimumGeneration: 2 }, 2, [{ id: 1, note: "new", version: 1 }]);
    expect(await notes(db, "t")).toEqual(["1 new"]);
  });

  test("keys longer than an index takes are merged all the same", async () => {
    const db = await newDatabase();
    const text: StreamPlan = { ...plan, primaryKey: ["note"] };
    // Random text: what repeats is compressed to fit.
    const long = Array.from({ length: 9000 }, (_, at) => ((at * 7919) % 1296).toString(36)).join("-");
    await sync(db, text, 1, [{ id: 1, note: "short", version: 1 }]);
    await sync(db, text, 2, [{ id: 2, note: long, version: 1 }]);
    await sync(db, text, 3, [
      { id: 3, note: long, version: 2 },
      { id: 4, note: "short", version: 2 },
    ]);
    expect(await db.sql("SELECT id FROM t ORDER BY id")).toEqual([{ id: "3" }, { id: "4" }]);
    const indexes = await db.sql("SELECT indexdef FROM pg_indexes WHERE tablename = 't'");
    expect(indexes.map(({ indexdef }) => indexdef)).toEqual([expect.stringContaining("USING hash (note)")]);
  });

  test("a sync with nothing new changes nothing and makes no table anew", async () => {
    const db = await newDatabase();
    await sync(db, plan, 1, [{ id: 1, note: "a", version: 1 }]);
    await sync(db, plan, 2, [{ id: 2, note: "b", version: 1 }]);
    const tables =
      "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', '_weir') ORDER BY oid";
    const before = await db.sql(tables);
    const { notes: said } = await syncStream(db.url, plan, [], { sync: 3 });
    expect(said).toEqual([]);
    expect(await db.sql(tables)).toEqual(before);
    expect(await notes(db, "t")).toEqual(["1 a", "2 b"]);
  });
});
