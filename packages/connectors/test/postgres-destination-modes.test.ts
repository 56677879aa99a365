import { describe, expect, test } from "vitest";
import { fields, planOf, syncStream } from "./postgres-destination.ts";
import { newDatabase } from "./postgres-source.ts";

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
    await syncStream(db.url, { ...plan, fresh: true }, [{ id: 3 }], { sync: 2 });
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
});
