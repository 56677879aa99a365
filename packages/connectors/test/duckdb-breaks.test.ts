import { rm } from "node:fs/promises";
import type { Field, RejectedRow } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import {
  batches,
  batchOf,
  begin,
  bytes,
  finish,
  loadPart,
  loadRows,
  newPath,
  openSession,
  planOf,
  query,
  reading,
  syncRows,
} from "./duckdb-scene.ts";

const NUMBERED: readonly Field[] = [
  { name: "id", kind: "number" },
  { name: "note", kind: "string" },
];

describe("keys that do not fit their column", () => {
  it("are rejected where rows are merged, and the others are written", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ fields: NUMBERED, mode: "append_dedup" });
    await begin(session, plan);
    const rejects: RejectedRow[] = [];
    const keys = ["1.5", "1.0000000001", "1.0000000002", "NaN", "Infinity", "1e40", "2.25"];
    const batch = batchOf(
      NUMBERED,
      keys.map((id) => ({ id, note: `of ${id}` })),
    );
    const result = await loadPart(session, { plan, read: batches(batch, batch), rejects });
    await finish(session, plan);
    expect(result).toMatchObject({ received: 14, written: 4, rejected: 10, changed: 0 });
    expect(rejects.map(({ code }) => code)).toEqual(
      Array.from({ length: 10 }, () => "destination.key_unfit"),
    );
    expect(rejects.slice(0, 5).map(({ record }) => record)).toMatchObject(
      ["1.0000000001", "1.0000000002", "NaN", "Infinity", "1e40"].map((key) => ({ note: `of ${key}` })),
    );
    expect(await query(path, "SELECT id::VARCHAR AS id, note FROM orders ORDER BY id")).toEqual([
      { id: "1.500000000", note: "of 1.5" },
      { id: "2.250000000", note: "of 2.25" },
    ]);
  });

  it("are rejected in typed columns, and the values beside them stay with their rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    const fields: readonly Field[] = [
      { name: "at", kind: "timestamp_with_timezone" },
      { name: "ratio", kind: "number" },
      { name: "count", kind: "integer" },
      { name: "good", kind: "boolean" },
      { name: "extra", kind: "object" },
    ];
    const plan = planOf({ fields, primaryKey: ["at", "ratio"], mode: "overwrite_dedup" });
    await begin(session, plan);
    const beyond = 9_223_372_036_854_775_807n;
    const result = await loadPart(session, {
      plan,
      read: batches({
        rows: 5,
        bytes: 100,
        columns: [
          {
            form: "text",
            values: [
              "2024-01-01 00:00:00+00",
              "300000-01-01 00:00:00+00",
              "2024-01-02 00:00:00+00",
              "2024-01-03 00:00:00+00",
              null,
            ],
          },
          { form: "float64", values: Float64Array.of(1, 2, 1e-12, 4, 5) },
          {
            form: "int64",
            values: BigInt64Array.of(1n, 2n, 3n, beyond, 5n),
            nulls: Uint8Array.of(0, 0, 0, 0, 1),
          },
          { form: "boolean", values: Uint8Array.of(0, 0, 0, 1, 1) },
          { form: "json", values: [{ row: 0 }, { row: 1 }, { row: 2 }, { row: 3 }, { row: 4 }] },
        ],
        emittedAt: Float64Array.of(1000, 2000, 3000, 4000, 5000),
        changes: new Map([
          [3, [{ field: "extra", change: "TRUNCATED", reason: "SOURCE_FIELD_SIZE_LIMITATION" }]],
        ]),
      }),
    });
    await finish(session, plan);
    expect(result).toMatchObject({ received: 5, written: 3, rejected: 2, changed: 1 });
    const found = await query(
      path,
      `SELECT epoch(_airbyte_extracted_at)::INTEGER AS at, ratio::INTEGER AS ratio, count::VARCHAR AS count, good,
         extra::VARCHAR AS extra, json_array_length(_airbyte_meta, '$.changes')::INTEGER AS changes
       FROM orders ORDER BY ratio`,
    );
    expect(found).toEqual([
      { at: 1, ratio: 1, count: "1", good: false, extra: '{"row":0}', changes: 0 },
      { at: 4, ratio: 4, count: String(beyond), good: true, extra: '{"row":3}', changes: 1 },
      { at: 5, ratio: 5, count: null, good: true, extra: '{"row":4}', changes: 0 },
    ]);
  });

  it("are all kept where rows are added, even when the source read some twice", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ fields: NUMBERED });
    await begin(session, plan);
    const keys = ["1.0000000001", "1.0000000002", "NaN", "1e40", "2", "2"];
    await loadRows(
      session,
      plan,
      keys.map((id) => ({ id, note: id })),
    );
    await finish(session, plan, { overlap: true });
    const merged = planOf({ fields: NUMBERED, mode: "append_dedup" });
    await syncRows(session, merged, [{ id: "3", note: "3" }], 2);
    expect(await query(path, "SELECT note FROM orders ORDER BY note")).toEqual(
      ["1.0000000001", "1.0000000002", "1e40", "2", "3", "NaN"].map((note) => ({ note })),
    );
  });

  it("are not rounded on the way as CSV: a scale the column has not is not offered, NaN fails", async () => {
    const session = await openSession(newPath());
    const wide = planOf({
      fields: [{ name: "id", kind: "number", precision: 50, scale: 12 }],
      mode: "append_dedup",
    });
    await begin(session, wide);
    expect(session.takes(wide).map(({ format }) => format)).not.toContain("csv");
    const exact = planOf({
      fields: [{ name: "id", kind: "number", precision: 10, scale: 2 }],
      mode: "append_dedup",
    });
    await begin(session, exact, { sync: 2, attempt: 1 });
    await expect(loadPart(session, { plan: exact, read: bytes(["1.25\nNaN\n"], 2) })).rejects.toMatchObject({
      failure: { code: "destination.bytes_refused" },
    });
  });
});

describe("an overwrite that reads no rows", () => {
  it("empties a table that another connection filled", async () => {
    const path = newPath();
    const plan = planOf({ mode: "overwrite" });
    const before = await openSession(path, { connection: "before" });
    await syncRows(before, plan, [{ id: 1, customer: "a" }]);
    await before.close();
    const session = await openSession(path, { connection: "after" });
    await begin(session, plan);
    await finish(session, plan);
    expect(await query(path, "FROM orders")).toEqual([]);
  });

  it("keeps what it finished when it is asked again, by any later attempt", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ mode: "overwrite" });
    await syncRows(session, plan, [{ id: 1, customer: "a" }]);
    const again = { ...plan, fresh: false };
    await begin(session, again, { sync: 1, attempt: 2 });
    await begin(session, again, { sync: 1, attempt: 3 });
    await finish(session, again);
    expect(await query(path, "SELECT customer FROM orders")).toEqual([{ customer: "a" }]);
  });

  it("empties the table of a connection of the same name and generation that starts anew", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ mode: "overwrite" });
    await syncRows(session, plan, [{ id: 1, customer: "a" }]);
    await begin(session, plan, { sync: 1, attempt: 2 });
    await finish(session, plan);
    expect(await query(path, "FROM orders")).toEqual([]);
  });
});

describe("fields that differ in case", () => {
  it.each(["append", "overwrite", "append_dedup"] as const)(
    "leave a column to the field that has it, mode %s",
    async (mode) => {
      const path = newPath();
      const session = await openSession(path);
      const id: Field = { name: "id", kind: "integer" };
      const lower: Field = { name: "a", kind: "string" };
      const upper: Field = { name: "A", kind: "string" };
      await syncRows(session, planOf({ mode, fields: [id, lower] }), [{ id: 1, a: "lower 1" }]);
      const both = planOf({ mode, generation: 2, fields: [id, lower, upper] });
      await syncRows(session, both, [{ id: 2, a: "lower 2", A: "upper 2" }], 2);
      await reading(path, async (read) => {
        expect(await read(`SELECT a FROM orders WHERE id = 2`)).toEqual([{ a: "lower 2" }]);
        const [other] = await read(
          `SELECT column_name AS name FROM duckdb_columns() WHERE table_name = 'orders' AND column_name LIKE 'A\\_%' ESCAPE '\\'`,
        );
        expect(await read(`SELECT "${String(other?.["name"])}" AS found FROM orders WHERE id = 2`)).toEqual([
          { found: "upper 2" },
        ]);
      });
    },
  );
});

describe("a field renamed in case alone", () => {
  it.each(["append", "overwrite", "append_dedup"] as const)("is told, mode %s", async (mode) => {
    const session = await openSession(newPath());
    const id: Field = { name: "id", kind: "integer" };
    await syncRows(session, planOf({ mode, fields: [id, { name: "a", kind: "string" }] }), [
      { id: 1, a: "1" },
    ]);
    const renamed = planOf({
      mode,
      generation: 2,
      fields: [id, { name: "A", kind: "string" }],
    });
    expect(await begin(session, renamed, { sync: 2, attempt: 1 })).toEqual([
      "main.orders: column a takes field A, whose name differs in case alone; for a column of its own, rename a",
    ]);
  });
});

describe("a cursor that does not fit its column", () => {
  const fields: readonly Field[] = [
    { name: "id", kind: "integer" },
    { name: "at", kind: "number" },
    { name: "note", kind: "string" },
  ];
  const plan = planOf({ fields, mode: "append_dedup", cursor: "at" });
  const LATER = Date.UTC(2025, 0, 1);

  it("does not make a row that was loaded later the older one", async () => {
    const path = newPath();
    const session = await openSession(path);
    await syncRows(session, plan, [
      { id: 1, at: "5", note: "old" },
      { id: 2, at: "1e40", note: "old" },
      { id: 3, at: "5", note: "old" },
    ]);
    const next = { ...plan, fresh: false };
    await begin(session, next, { sync: 2, attempt: 1 });
    const batch = batchOf(fields, [
      { id: 1, at: "1e40", note: "new" },
      { id: 2, at: "7", note: "new" },
      { id: 3, at: null, note: "without" },
    ]);
    await loadPart(session, {
      plan: next,
      sync: 2,
      read: batches({ ...batch, emittedAt: new Float64Array(3).fill(LATER) }),
    });
    await finish(session, next, { since: 2 });
    expect(await query(path, "SELECT note FROM orders ORDER BY id")).toEqual([
      { note: "new" },
      { note: "new" },
      { note: "old" },
    ]);
  });

  it("leaves it to the time of loading within one load, too", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan);
    const rows = [
      { id: 1, at: "9", note: "1" },
      { id: 1, at: "5", note: "2" },
      { id: 1, at: "NaN", note: "3" },
      { id: 2, at: "9", note: "greatest" },
      { id: 2, at: null, note: "none" },
    ];
    const emittedAt = Float64Array.from(rows, (_, row) => LATER + row);
    await loadPart(session, { plan, read: batches({ ...batchOf(fields, rows), emittedAt }) });
    await finish(session, plan);
    expect(await query(path, "SELECT note FROM orders ORDER BY id")).toEqual([
      { note: "3" },
      { note: "greatest" },
    ]);
  });
});

describe("a file that is deleted while it is open", () => {
  it("fails what would be written into nothing", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf();
    await begin(session, plan);
    await loadRows(session, plan, [{ id: 1 }]);
    await rm(path);
    const gone = { failure: { code: "destination.file_gone" } };
    await expect(loadRows(session, plan, [{ id: 2 }])).rejects.toMatchObject(gone);
    await expect(finish(session, plan)).rejects.toMatchObject(gone);
  });
});
