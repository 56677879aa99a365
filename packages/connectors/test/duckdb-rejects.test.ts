import type { JsonObject, RejectedRow } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import {
  batches,
  batchOf,
  begin,
  finish,
  loadPart,
  newPath,
  openSession,
  ORDERS,
  planOf,
  query,
  syncRows,
} from "./duckdb-scene.ts";

/** A table as the user changed it, then one load. */
async function loadInto(
  ddl: readonly string[],
  rows: readonly JsonObject[],
  mode: "append" | "append_dedup" | "overwrite" = "append",
) {
  const path = newPath();
  const plan = planOf({ mode });
  await syncRows(await openSession(path), planOf(), []);
  await query(path, ...ddl);
  const session = await openSession(path);
  await begin(session, plan, { sync: 2, attempt: 1 });
  const formats = session.takes(plan).map(({ format }) => format);
  const rejects: RejectedRow[] = [];
  const half = Math.ceil(rows.length / 2);
  const read = batches(batchOf(ORDERS, rows.slice(0, half)), batchOf(ORDERS, rows.slice(half)));
  const result = await loadPart(session, { plan, read, rejects, sync: 2 });
  await finish(session, plan, { since: 2 });
  const kept = await query(path, "SELECT id, customer FROM orders ORDER BY id");
  return { formats, result, rejects, kept };
}

describe("rows a constraint refuses", () => {
  test("CHECK and NOT NULL: the others are written, each refused row is handed over", async () => {
    const { formats, result, rejects, kept } = await loadInto(
      [
        "ALTER TABLE orders ALTER COLUMN customer SET NOT NULL",
        `CREATE TABLE checked (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMPTZ NOT NULL,
          _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, id BIGINT, customer VARCHAR NOT NULL,
          total DECIMAL(10,2) CHECK (total >= 0), updated_at TIMESTAMPTZ, note VARCHAR DEFAULT 'none' CHECK (note <> ''))`,
        "DROP TABLE orders",
        "ALTER TABLE checked RENAME TO orders",
      ],
      [
        { id: 1, customer: "a", total: 1 },
        { id: 2, customer: "b", total: -0.01 },
        { id: 3, customer: null, total: 1 },
        { id: 4, customer: "d", total: null },
        { id: 5, customer: null, total: "-5" },
      ],
    );
    expect(formats).toEqual(["batch"]);
    expect(result).toMatchObject({ received: 5, written: 2, rejected: 3 });
    expect(kept).toEqual([
      { id: "1", customer: "a" },
      { id: "4", customer: "d" },
    ]);
    expect(rejects.map(({ record, code }) => [(record as JsonObject)["id"], code])).toEqual([
      [2, "destination.row_refused"],
      [3, "destination.row_refused"],
      [5, "destination.row_refused"],
    ]);
    expect(rejects[0]).toEqual({
      record: { id: 2, customer: "b", total: -0.01, updated_at: null },
      code: "destination.row_refused",
      reason: "The table refuses the row: CHECK((total >= 0))",
    });
    expect(rejects[1]?.reason).toContain('NOT NULL("customer")');
  });

  test("unique keys: what the table has, and what comes twice", async () => {
    const { result, rejects, kept } = await loadInto(
      [
        "INSERT INTO orders VALUES ('x', now(), '{}', 1, 1, 'there', 0, NULL)",
        "ALTER TABLE orders ADD PRIMARY KEY (id)",
        "CREATE UNIQUE INDEX by_customer ON orders (lower(customer))",
        "CREATE UNIQUE INDEX by_both ON orders (total, customer)",
      ],
      [
        { id: 1, customer: "key taken" },
        { id: 2, customer: "b" },
        { id: 2, customer: "twice" },
        { id: 3, customer: "THERE" },
        { id: 4, customer: null },
        { id: 5, customer: null },
        { id: 6, customer: "x", total: 1 },
        { id: null, customer: "no key" },
      ],
    );
    expect(result).toMatchObject({ received: 8, written: 4, rejected: 4 });
    expect(kept).toEqual([
      { id: "1", customer: "there" },
      { id: "2", customer: "b" },
      { id: "4", customer: null },
      { id: "5", customer: null },
      { id: "6", customer: "x" },
    ]);
    expect(rejects.map(({ record }) => (record as JsonObject)["customer"])).toEqual([
      "key taken",
      "twice",
      "THERE",
      "no key",
    ]);
  });

  test("foreign keys", async () => {
    const { result, rejects } = await loadInto(
      [
        "CREATE TABLE customers (name VARCHAR PRIMARY KEY)",
        "INSERT INTO customers VALUES ('known')",
        `CREATE TABLE bound (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMPTZ NOT NULL,
          _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, id BIGINT,
          customer VARCHAR REFERENCES customers (name), total DECIMAL(10,2), updated_at TIMESTAMPTZ)`,
        "DROP TABLE orders",
        "ALTER TABLE bound RENAME TO orders",
      ],
      [
        { id: 1, customer: "known" },
        { id: 2, customer: "unknown" },
        { id: 3, customer: null },
      ],
    );
    expect(result).toMatchObject({ written: 2, rejected: 1 });
    expect(rejects[0]?.record).toMatchObject({ id: 2 });
  });

  for (const mode of ["append_dedup", "overwrite"] as const) {
    test(`${mode}: rows are asked before they are staged`, async () => {
      const { result, rejects, kept } = await loadInto(
        ["ALTER TABLE orders ALTER COLUMN customer SET NOT NULL"],
        [
          { id: 1, customer: "a" },
          { id: 2, customer: null },
        ],
        mode,
      );
      expect(result).toMatchObject({ written: 1, rejected: 1 });
      expect(rejects).toHaveLength(1);
      expect(kept).toEqual([{ id: "1", customer: "a" }]);
    });
  }

  test("a flood of them slows the load down instead of filling the memory", async () => {
    const path = newPath();
    await syncRows(await openSession(path), planOf(), []);
    await query(path, "ALTER TABLE orders ALTER COLUMN customer SET NOT NULL");
    const session = await openSession(path);
    const plan = planOf();
    await begin(session, plan, { sync: 2, attempt: 1 });
    let waiting = 0;
    let most = 0;
    const { loadRequest, never } = await import("./duckdb-scene.ts");
    const transaction = await session.transaction(never());
    const read = batches(
      batchOf(
        ORDERS,
        Array.from({ length: 500 }, (_, id) => ({ id, customer: null })),
      ),
    );
    const result = await transaction.load({
      ...loadRequest(session, { plan, read }),
      reject: async () => {
        waiting += 1;
        most = Math.max(most, waiting);
        await new Promise(setImmediate);
        waiting -= 1;
      },
    });
    await transaction.rollback();
    expect({ rejected: result.rejected, most }).toEqual({ rejected: 500, most: 1 });
  });
});
