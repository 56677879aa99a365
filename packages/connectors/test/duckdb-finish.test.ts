import type { StreamPlan, WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import {
  begin,
  type Found,
  finish,
  loadRows,
  never,
  newPath,
  openSession,
  planOf,
  query,
  syncRows,
} from "./duckdb-scene.ts";

const FIELDS: StreamPlan["fields"] = [
  { name: "id", kind: "integer" },
  { name: "part", kind: "string" },
  { name: "v", kind: "string" },
  { name: "at", kind: "integer" },
];

function plan(mode: StreamPlan["mode"], parts: Partial<StreamPlan> = {}): StreamPlan {
  const replacing = mode.startsWith("overwrite");
  return planOf({
    fields: FIELDS,
    mode,
    minimumGeneration: replacing ? (parts.generation ?? 1) : 0,
    ...parts,
  });
}

async function values(path: string): Promise<readonly Found[]> {
  return query(path, "SELECT id, v FROM orders ORDER BY id NULLS LAST, v");
}

const WEIR_TABLES = `SELECT table_name AS name FROM duckdb_tables()
  WHERE table_name LIKE '%staging%' ORDER BY ALL`;

describe("append", () => {
  test("keeps everything, and drops generations below the minimum", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("append"), [{ id: 1, v: "a" }]);
    await syncRows(session, plan("append", { generation: 2 }), [{ id: 1, v: "b" }], 2);
    await syncRows(session, plan("append", { generation: 3, minimumGeneration: 2 }), [{ id: 2, v: "c" }], 3);
    expect(await values(path)).toEqual([
      { id: "1", v: "b" },
      { id: "2", v: "c" },
    ]);
    expect(await query(path, WEIR_TABLES)).toEqual([]);
  });

  test("an overlap keeps the newest row of each key among the rows of the load, and no others are touched", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append");
    await syncRows(session, rows, [{ id: 1, v: "older load" }], 1);
    await begin(session, rows, { sync: 2, attempt: 1 });
    await loadRows(
      session,
      rows,
      [
        { id: 1, v: "a" },
        { id: 2, v: "b" },
        { id: null, v: "n1" },
      ],
      2,
    );
    await loadRows(
      session,
      rows,
      [
        { id: 1, v: "newer" },
        { id: null, v: "n2" },
      ],
      3,
    );
    await finish(session, rows, { overlap: true, since: 2 });
    expect(await values(path)).toEqual([
      { id: "1", v: "newer" },
      { id: "1", v: "older load" },
      { id: "2", v: "b" },
      { id: null, v: "n2" },
    ]);
  });

  test("an overlap without a key keeps all rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append", { primaryKey: [] });
    await begin(session, rows);
    await loadRows(session, rows, [{ id: 1, v: "a" }]);
    await loadRows(session, rows, [{ id: 1, v: "a" }]);
    await finish(session, rows, { overlap: true });
    expect(await values(path)).toHaveLength(2);
  });
});

describe("overwrite", () => {
  test("shows nothing until it is complete, and then only the new rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("overwrite"), [{ id: 1, v: "old" }]);
    const next = plan("overwrite", { generation: 2 });
    await begin(session, next, { sync: 2, attempt: 1 });
    await loadRows(session, next, [{ id: 2, v: "new" }], 2);
    expect(await values(path)).toEqual([{ id: "1", v: "old" }]);
    const resumed = await openSession(path);
    const going = { ...next, fresh: false };
    await begin(resumed, going, { sync: 2, attempt: 2 });
    await loadRows(resumed, going, [{ id: 3, v: "more" }], 2);
    await finish(resumed, going, { since: 2 });
    expect(await values(path)).toEqual([
      { id: "2", v: "new" },
      { id: "3", v: "more" },
    ]);
    expect(await query(path, WEIR_TABLES)).toEqual([]);
  });

  test("a fresh load drops what was staged before", async () => {
    const path = newPath();
    const session = await openSession(path);
    const first = plan("overwrite");
    await begin(session, first);
    await loadRows(session, first, [{ id: 1, v: "abandoned" }]);
    await begin(session, first, { sync: 1, attempt: 2 });
    await loadRows(session, first, [{ id: 2, v: "kept" }]);
    await finish(session, first);
    expect(await values(path)).toEqual([{ id: "2", v: "kept" }]);
  });

  test("rows staged for another generation are dropped", async () => {
    const path = newPath();
    const session = await openSession(path);
    const first = plan("overwrite");
    await begin(session, first);
    await loadRows(session, first, [{ id: 1, v: "first" }]);
    const second = plan("overwrite", { generation: 2, fresh: false });
    await begin(session, second, { sync: 2, attempt: 1 });
    await loadRows(session, second, [{ id: 2, v: "second" }], 2);
    await finish(session, second, { since: 2 });
    expect(await values(path)).toEqual([{ id: "2", v: "second" }]);
  });

  test("without rows empties the table", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("overwrite"), [{ id: 1, v: "old" }]);
    await syncRows(session, plan("overwrite", { generation: 2 }), [], 2);
    expect(await values(path)).toEqual([]);
  });

  test("finished twice keeps the rows of the first time", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("overwrite");
    await syncRows(session, rows, [{ id: 1, v: "kept" }]);
    const again = { ...rows, fresh: false };
    await begin(session, again, { sync: 1, attempt: 2 });
    await finish(session, again);
    expect(await values(path)).toEqual([{ id: "1", v: "kept" }]);
  });

  test("of a generation that was counted from the start again replaces rows of the same number", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("overwrite"), [{ id: 1, v: "before the reset" }]);
    await session.reset([{ stream: "orders", document: null }]);
    await syncRows(session, plan("overwrite"), [{ id: 2, v: "after" }], 2);
    expect(await values(path)).toEqual([{ id: "2", v: "after" }]);
    await syncRows(await openSession(path), plan("overwrite"), [], 3);
    expect(await values(path)).toEqual([]);
  });

  test("views on the table show the new rows", async () => {
    const path = newPath();
    await syncRows(await openSession(path), plan("overwrite"), [{ id: 1, v: "old" }]);
    await query(path, "CREATE VIEW latest AS SELECT id, v FROM orders");
    await syncRows(await openSession(path), plan("overwrite", { generation: 2 }), [{ id: 2, v: "new" }], 2);
    expect(await query(path, "FROM latest")).toEqual([{ id: "2", v: "new" }]);
  });

  test("constraints, indexes and defaults the user put on the table stay", async () => {
    const path = newPath();
    await syncRows(await openSession(path), plan("overwrite"), [{ id: 1, v: "old" }]);
    await query(path, "CREATE UNIQUE INDEX by_id ON orders (id)");
    await query(path, "ALTER TABLE orders ALTER COLUMN part SET DEFAULT 'none'");
    const session = await openSession(path);
    const next = plan("overwrite", { generation: 2 });
    await begin(session, next, { sync: 2, attempt: 1 });
    await loadRows(session, next, [{ id: 1, v: "new" }], 2);
    expect(await values(path)).toEqual([{ id: "1", v: "old" }]);
    const resumed = await openSession(path);
    await begin(resumed, { ...next, fresh: false }, { sync: 2, attempt: 2 });
    await loadRows(resumed, next, [{ id: 2, v: "more" }], 2);
    await finish(resumed, { ...next, fresh: false }, { since: 2 });
    expect(await values(path)).toEqual([
      { id: "1", v: "new" },
      { id: "2", v: "more" },
    ]);
    expect(await query(path, "SELECT index_name AS name FROM duckdb_indexes()")).toEqual([{ name: "by_id" }]);
    expect(
      await query(
        path,
        "SELECT column_default AS d FROM duckdb_columns() WHERE table_name = 'orders' AND column_name = 'part'",
      ),
    ).toEqual([{ d: "'none'" }]);
  });

  test("rows staged before the user made an index are not lost", async () => {
    const path = newPath();
    await syncRows(await openSession(path), plan("overwrite"), [{ id: 1, v: "old" }]);
    const session = await openSession(path);
    const next = plan("overwrite", { generation: 2 });
    await begin(session, next, { sync: 2, attempt: 1 });
    await loadRows(session, next, [{ id: 2, v: "staged" }], 2);
    await query(path, "CREATE INDEX by_id ON orders (id)");
    const resumed = await openSession(path);
    await begin(resumed, { ...next, fresh: false }, { sync: 2, attempt: 2 });
    await finish(resumed, { ...next, fresh: false }, { since: 2 });
    expect(await values(path)).toEqual([{ id: "2", v: "staged" }]);
  });

  test("an overlap keeps the newest row of each key", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("overwrite");
    await begin(session, rows);
    await loadRows(session, rows, [
      { id: 1, v: "a" },
      { id: 2, v: "b" },
    ]);
    await loadRows(session, rows, [{ id: 1, v: "newer" }], 2);
    await finish(session, rows, { overlap: true, since: 1 });
    expect(await values(path)).toEqual([
      { id: "1", v: "newer" },
      { id: "2", v: "b" },
    ]);
  });
});

for (const mode of ["overwrite_dedup", "append_dedup"] as const) {
  describe(mode, () => {
    test("keeps of each key the row with the greatest cursor, then the later load", async () => {
      const path = newPath();
      const session = await openSession(path);
      const rows = plan(mode, { cursor: "at" });
      await begin(session, rows);
      await loadRows(session, rows, [
        { id: 1, v: "third", at: 3 },
        { id: 1, v: "first", at: 1 },
        { id: 2, v: "null loses", at: null },
        { id: 3, v: "x", at: 5 },
        { id: null, v: "no key", at: 1 },
      ]);
      await loadRows(session, rows, [
        { id: 1, v: "second", at: 2 },
        { id: 2, v: "wins", at: 0 },
        { id: 3, v: "y", at: 5 },
        { id: null, v: "no key either", at: 2 },
      ]);
      await finish(session, rows);
      expect(await values(path)).toEqual([
        { id: "1", v: "third" },
        { id: "2", v: "wins" },
        { id: "3", v: "y" },
        { id: null, v: "no key either" },
      ]);
    });

    test("takes keys of several columns, and a column named rowid", async () => {
      const path = newPath();
      const session = await openSession(path);
      const rows = plan(mode, {
        fields: [...FIELDS, { name: "rowid", kind: "integer" }],
        primaryKey: ["id", "part"],
      });
      await begin(session, rows);
      await loadRows(session, rows, [
        { id: 1, part: "a", v: "1", rowid: 7 },
        { id: 1, part: "b", v: "2", rowid: 7 },
        { id: 1, part: null, v: "3", rowid: 7 },
        { id: 1, part: null, v: "4", rowid: 7 },
        { id: 1, part: "a", v: "5", rowid: 7 },
      ]);
      await finish(session, rows);
      expect(await values(path)).toEqual([
        { id: "1", v: "2" },
        { id: "1", v: "4" },
        { id: "1", v: "5" },
      ]);
    });

    test("rows the source deleted go", async () => {
      const path = newPath();
      const session = await openSession(path);
      const rows = plan(mode, {
        fields: [...FIELDS, { name: "_ab_cdc_deleted_at", kind: "timestamp_with_timezone" }],
        cursor: "at",
      });
      await begin(session, rows);
      await loadRows(session, rows, [
        { id: 1, v: "a", at: 1 },
        { id: 2, v: "b", at: 1 },
        { id: 1, v: "deleted", at: 2, _ab_cdc_deleted_at: "2024-01-01T00:00:00Z" },
        { id: 3, v: "came back", at: 3 },
        { id: 3, v: "deleted", at: 2, _ab_cdc_deleted_at: "2024-01-01T00:00:00Z" },
      ]);
      await finish(session, rows);
      expect(await values(path)).toEqual([
        { id: "2", v: "b" },
        { id: "3", v: "came back" },
      ]);
    });

    test("fails clearly without a key, or where a key field is not selected", async () => {
      const session = await openSession(newPath());
      for (const primaryKey of [[], ["id", "elsewhere"]]) {
        const rows = plan(mode, { primaryKey });
        await begin(session, rows);
        const error = await finish(session, rows).catch((thrown: unknown) => thrown);
        expect((error as WeirError).failure).toMatchObject({
          code: "destination.key_missing",
          recovery: "ask",
        });
      }
    });
  });
}

describe("append_dedup", () => {
  test("merges with what is there: newer rows win, older ones that come late do not", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append_dedup", { cursor: "at" });
    await syncRows(session, rows, [
      { id: 1, v: "a", at: 10 },
      { id: 2, v: "b", at: 10 },
      { id: 3, v: "c", at: null },
      { id: 4, v: "stays", at: 1 },
    ]);
    const later = { ...rows, fresh: true };
    await syncRows(
      session,
      later,
      [
        { id: 1, v: "newer", at: 11 },
        { id: 2, v: "late", at: 9 },
        { id: 3, v: "set", at: 0 },
        { id: 5, v: "new", at: 1 },
      ],
      2,
    );
    expect(await values(path)).toEqual([
      { id: "1", v: "newer" },
      { id: "2", v: "b" },
      { id: "3", v: "set" },
      { id: "4", v: "stays" },
      { id: "5", v: "new" },
    ]);
  });

  test("deletes at the source take the row that is there, unless it is newer", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append_dedup", {
      fields: [...FIELDS, { name: "_ab_cdc_deleted_at", kind: "timestamp_with_timezone" }],
      cursor: "at",
    });
    await syncRows(session, rows, [
      { id: 1, v: "a", at: 1 },
      { id: 2, v: "b", at: 5 },
    ]);
    await syncRows(
      session,
      rows,
      [
        { id: 1, at: 2, _ab_cdc_deleted_at: "2024-01-01T00:00:00Z" },
        { id: 2, at: 2, _ab_cdc_deleted_at: "2024-01-01T00:00:00Z" },
        { id: 9, at: 2, _ab_cdc_deleted_at: "2024-01-01T00:00:00Z" },
      ],
      2,
    );
    expect(await values(path)).toEqual([{ id: "2", v: "b" }]);
  });

  test("waits in staging, through a crash, until the stream is finished", async () => {
    const path = newPath();
    const first = await openSession(path);
    const rows = plan("append_dedup");
    await syncRows(first, rows, [{ id: 1, v: "a" }]);
    await begin(first, rows, { sync: 2, attempt: 1 });
    await loadRows(first, rows, [{ id: 1, v: "b" }], 2);
    expect(await values(path)).toEqual([{ id: "1", v: "a" }]);
    const second = await openSession(path);
    const going = { ...rows, fresh: false };
    await begin(second, going, { sync: 2, attempt: 2 });
    await finish(second, going, { since: 2 });
    expect(await values(path)).toEqual([{ id: "1", v: "b" }]);
  });

  test("makes one row for each key of what another mode had left, once", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("append"), [
      { id: 1, v: "a" },
      { id: 1, v: "b" },
      { id: 2, v: "c" },
    ]);
    const rows = plan("append_dedup");
    await syncRows(session, rows, [{ id: 3, v: "d" }], 2);
    expect(await values(path)).toEqual([
      { id: "1", v: "b" },
      { id: "2", v: "c" },
      { id: "3", v: "d" },
    ]);
    const again = await openSession(path);
    await syncRows(again, plan("append"), [{ id: 3, v: "e" }], 3);
    await syncRows(again, rows, [], 4);
    expect(await values(path)).toEqual([
      { id: "1", v: "b" },
      { id: "2", v: "c" },
      { id: "3", v: "e" },
    ]);
  });

  test("merges into a table whose key the user made a primary key", async () => {
    const path = newPath();
    const rows = plan("append_dedup");
    await syncRows(await openSession(path), rows, [
      { id: 1, v: "a" },
      { id: 2, v: "b" },
    ]);
    await query(path, "ALTER TABLE orders ADD PRIMARY KEY (id)");
    await syncRows(
      await openSession(path),
      rows,
      [
        { id: 2, v: "newer" },
        { id: 3, v: "c" },
      ],
      2,
    );
    expect(await values(path)).toEqual([
      { id: "1", v: "a" },
      { id: "2", v: "newer" },
      { id: "3", v: "c" },
    ]);
  });

  test("drops generations below the minimum", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan("append_dedup"), [{ id: 1, v: "a" }]);
    await syncRows(
      session,
      plan("append_dedup", { generation: 2, minimumGeneration: 2 }),
      [{ id: 2, v: "b" }],
      2,
    );
    expect(await values(path)).toEqual([{ id: "2", v: "b" }]);
  });

  test("agrees with its definition on random rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append_dedup", { cursor: "at" });
    const best = new Map<number, { v: string; at: number; order: number }>();
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    let order = 0;
    for (let sync = 1; sync <= 4; sync++) {
      await begin(session, rows, { sync, attempt: 1 });
      for (let part = 0; part < 3; part++) {
        const made = Array.from({ length: 3000 }, () => ({
          id: random(2000),
          v: `v${order++}`,
          at: random(50),
        }));
        await loadRows(session, rows, made, sync);
        for (const { id, v, at } of made) {
          const other = best.get(id);
          if (other === undefined || at >= other.at) best.set(id, { v, at, order });
        }
      }
      await finish(session, rows, { since: sync });
    }
    const expected = [...best].toSorted(([a], [b]) => a - b).map(([id, { v }]) => ({ id: String(id), v }));
    expect(await values(path)).toEqual(expected);
  });

  test("an abort ends a merge within a second and leaves the table as it was", async () => {
    const path = newPath();
    const session = await openSession(path);
    const rows = plan("append_dedup", { fields: [{ name: "id", kind: "integer" }] });
    await syncRows(session, rows, [{ id: 1 }]);
    await begin(session, rows, { sync: 2, attempt: 1 });
    const count = 1_500_000;
    const ids = BigInt64Array.from({ length: count }, (_, row) => BigInt(row >> 1));
    const { loadPart, batches } = await import("./duckdb-scene.ts");
    await loadPart(session, {
      plan: rows,
      read: batches({ rows: count, columns: [{ form: "int64", values: ids }], bytes: count * 8 }),
      sync: 2,
    });
    const controller = new AbortController();
    const finishing = finish(session, rows, { since: 2, signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const started = performance.now();
    controller.abort(new Error("cancelled"));
    expect(await finishing).toMatchObject({ message: "cancelled" });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await session.measure(rows, { key: [], signal: never() })).toEqual({ rows: 1 });
    await finish(session, rows, { since: 2 });
    expect(await session.measure(rows, { key: [], signal: never() })).toEqual({ rows: count / 2 });
  });
});
