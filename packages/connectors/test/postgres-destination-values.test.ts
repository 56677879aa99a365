import { describe, expect, test } from "vitest";
import type { Change, Column, FieldKind, JsonValue } from "@weir/protocol";
import { ExactNumber } from "@weir/protocol";
import {
  batchRead,
  fields,
  loadPart,
  openDestination,
  planOf,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";

type Case = readonly [
  kind: FieldKind,
  given: JsonValue,
  stored: string | null,
  change?: Change["change"],
  reason?: Change["reason"],
];

const TYPE = "DESTINATION_SERIALIZATION_ERROR";
const SIZE = "DESTINATION_FIELD_SIZE_LIMITATION";

const CASES: readonly Case[] = [
  ["string", "a\0b", null, "NULLED", TYPE],
  ["string", "\\N", "\\N"],
  ["string", "\\.", "\\."],
  ["string", "", ""],
  ["string", "\b\f\v\t\r\n\\ \u{1} é 🎉", "\b\f\v\t\r\n\\ \u{1} é 🎉"],
  ["string", "half \ud83d", "half \ufffd", "TRUNCATED", TYPE],
  ["string", { a: [1] }, '{"a":[1]}'],
  ["integer", 9223372036854775807n, "9223372036854775807"],
  ["integer", -9223372036854775808n, "-9223372036854775808"],
  ["integer", 9223372036854775808n, null, "NULLED", SIZE],
  ["integer", "99999999999999999999999", null, "NULLED", SIZE],
  ["integer", "00000000000000000000000000000012", "12"],
  ["integer", 1.5, null, "NULLED", TYPE],
  ["integer", "x", null, "NULLED", TYPE],
  ["number", new ExactNumber("0.1000000000000000055511151231257827"), "0.1000000000000000055511151231257827"],
  ["number", "NaN", "NaN"],
  ["number", "-Infinity", "-Infinity"],
  ["number", `1e131071`, `1${"0".repeat(131071)}`],
  ["number", "1e131072", null, "NULLED", SIZE],
  ["number", "9".repeat(131073), null, "NULLED", SIZE],
  ["number", "1e999999999", null, "NULLED", SIZE],
  ["number", "1e-16383", `0.${"0".repeat(16382)}1`],
  ["number", "6e-16384", `0.${"0".repeat(16382)}1`, "TRUNCATED", SIZE],
  ["number", `0.${"1".repeat(20000)}`, `0.${"1".repeat(16383)}`, "TRUNCATED", SIZE],
  ["number", "0e-99999", `0.${"0".repeat(16383)}`],
  ["number", "today", null, "NULLED", TYPE],
  ["boolean", "true", "true"],
  ["boolean", "yes", null, "NULLED", TYPE],
  ["date", "4714-11-24 BC", "4714-11-24 BC"],
  ["date", "4714-11-23 BC", null, "NULLED", SIZE],
  ["date", "5874897-12-31", "5874897-12-31"],
  ["date", "5874898-01-01", null, "NULLED", SIZE],
  ["date", "2024-02-30", null, "NULLED", TYPE],
  ["date", "today", null, "NULLED", TYPE],
  ["date", "infinity", "infinity"],
  ["timestamp_without_timezone", "294276-12-31T23:59:59.999999", "294276-12-31 23:59:59.999999"],
  ["timestamp_without_timezone", "294277-01-01T00:00:00", null, "NULLED", SIZE],
  ["timestamp_without_timezone", "4714-11-24 00:00:00 BC", "4714-11-24 00:00:00 BC"],
  ["timestamp_without_timezone", "4714-11-23 23:59:59 BC", null, "NULLED", SIZE],
  ["timestamp_with_timezone", "294276-12-31T23:59:59-01:00", null, "NULLED", SIZE],
  ["timestamp_with_timezone", "4714-11-24 00:00:00+05 BC", null, "NULLED", SIZE],
  ["timestamp_with_timezone", "0001-01-01T00:00:00+05:00", "0001-12-31 19:00:00+00 BC"],
  ["timestamp_with_timezone", "-infinity", "-infinity"],
  ["timestamp_with_timezone", "now", null, "NULLED", TYPE],
  ["time_without_timezone", "24:00:00", "24:00:00"],
  ["time_without_timezone", "24:00:01", null, "NULLED", TYPE],
  ["time_with_timezone", "12:00:00+15:59", "12:00:00+15:59"],
  ["object", { a: "x\0" }, null, "NULLED", TYPE],
  ["object", { a: "\ud83d" }, null, "NULLED", TYPE],
  ["object", { a: "\\u0000" }, '{"a": "\\\\u0000"}'],
  ["object", { n: 12345678901234567890123n }, '{"n": 12345678901234567890123}'],
  ["object", { n: new ExactNumber("1e200000") }, null, "NULLED", TYPE],
  ["array", { a: 1 }, null, "NULLED", TYPE],
  ["unknown", "x", '"x"'],
];

async function stored(
  db: Database,
): Promise<readonly { value: string | null; changes: readonly Change[] }[]> {
  const rows = await db.sql(
    "SELECT value::text AS value, (_airbyte_meta -> 'changes')::text AS changes FROM t ORDER BY _airbyte_raw_id",
  );
  return rows.map(({ value, changes }) => ({
    value: value ?? null,
    changes: JSON.parse(changes ?? "[]") as readonly Change[],
  }));
}

describe("values", () => {
  const kinds = [...new Set(CASES.map(([kind]) => kind))];

  test.each(kinds)(
    "%s: each is stored exactly, or as NULL or rounded with a change that says so",
    async (kind) => {
      const db = await newDatabase();
      const cases = CASES.filter((one) => one[0] === kind);
      const plan = planOf({ table: { name: "t" }, fields: fields({ value: kind }) });
      const { result, rejected } = await syncStream(
        db.url,
        plan,
        cases.map(([, value]) => ({ value })),
      );
      expect(rejected).toEqual([]);
      expect(await stored(db)).toEqual(
        cases.map(([, , value, change, reason]) => ({
          value,
          changes: change === undefined ? [] : [{ field: "value", change, reason }],
        })),
      );
      const changed = cases.filter(([, , , change]) => change !== undefined).length;
      expect(result).toMatchObject({ received: cases.length, written: cases.length, rejected: 0, changed });
    },
  );

  test("every form of a column is read, NULLs and the source's own changes and times kept", async () => {
    const db = await newDatabase();
    const plan = planOf({
      table: { name: "t" },
      fields: fields({
        flag: "boolean",
        day: "date",
        at: "timestamp_with_timezone",
        ratio: "number",
        note: "string",
      }),
    });
    const columns: readonly Column[] = [
      { form: "boolean", values: Uint8Array.of(1, 0, 1), nulls: Uint8Array.of(0, 0, 1) },
      { form: "int64", values: BigInt64Array.of(0n, -1n, 2_147_483_647n) },
      { form: "int64", values: BigInt64Array.of(0n, -1n, 1_700_000_000_123_456n) },
      { form: "float64", values: Float64Array.of(0.1, Number.NaN, -0), nulls: Uint8Array.of(0, 0, 0) },
      { form: "text", values: ["a\tb", null, "c"] },
    ];
    const change: Change = { field: "note", change: "NULLED", reason: "SOURCE_RETRIEVAL_ERROR" };
    const session = await openDestination(db.url);
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] });
    const batch = {
      rows: 3,
      columns,
      bytes: 100,
      changes: new Map([[1, [change]]]),
      emittedAt: Float64Array.of(1_700_000_000_000.5, Number.NaN, 9e15),
    };
    await loadPart(session, plan, batchRead([batch]), { extractedAt: Date.UTC(2024, 0, 1) });
    await session.close();
    const rows = await db.sql(
      "SELECT flag, day, at, ratio, note, _airbyte_extracted_at AS seen, (_airbyte_meta -> 'changes')::text AS changes FROM t ORDER BY _airbyte_raw_id",
    );
    expect(rows).toEqual([
      {
        flag: "t",
        day: "1970-01-01",
        at: "1970-01-01 00:00:00+00",
        ratio: "0.1",
        note: "a\tb",
        seen: "2023-11-14 22:13:20.0005+00",
        changes: "[]",
      },
      {
        flag: "f",
        day: "1969-12-31",
        at: "1969-12-31 23:59:59.999999+00",
        ratio: "NaN",
        note: null,
        seen: "2024-01-01 00:00:00+00",
        changes: expect.stringContaining("SOURCE_RETRIEVAL_ERROR") as unknown,
      },
      {
        flag: null,
        day: null,
        at: "2023-11-14 22:13:20.123456+00",
        ratio: "0",
        note: "c",
        seen: "2024-01-01 00:00:00+00",
        changes: expect.stringContaining(SIZE) as unknown,
      },
    ]);
  });

  test("JSON as deep as a source can send is stored or set to NULL, never a crash", async () => {
    const db = await newDatabase();
    const nest = (levels: number): JsonValue => {
      let value: JsonValue = 1;
      for (let level = 0; level < levels; level++) value = [value];
      return value;
    };
    const plan = planOf({ table: { name: "t" }, fields: fields({ value: "array" }) });
    const { result, rejected } = await syncStream(
      db.url,
      plan,
      [100, 3000, 20_000, 1].map((levels) => ({ value: nest(levels) })),
    );
    expect(rejected).toEqual([]);
    expect(result.written).toBe(4);
    const rows = await stored(db);
    expect(rows.map(({ value, changes }) => value !== null || changes[0]?.change === "NULLED")).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([rows[0]?.value?.length, rows[3]?.value]).toEqual([201, "[1]"]);
  });

  test("a row of 100 MB passes", async () => {
    const db = await newDatabase();
    const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", value: "string" }) });
    const value = "0123456789abcde\n".repeat(6_553_600);
    const { result } = await syncStream(db.url, plan, [
      { id: 1, value: "a" },
      { id: 2, value },
      { id: 3, value: "b" },
    ]);
    expect(result).toMatchObject({ received: 3, written: 3, changed: 0 });
    expect(await db.sql("SELECT id, length(value) AS length FROM t ORDER BY id")).toEqual([
      { id: "1", length: "1" },
      { id: "2", length: String(value.length) },
      { id: "3", length: "1" },
    ]);
  });
});

describe("what the server refuses", () => {
  const META =
    "_airbyte_raw_id varchar NOT NULL, _airbyte_extracted_at timestamptz NOT NULL, _airbyte_meta jsonb NOT NULL, _airbyte_generation_id bigint NOT NULL";
  const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", note: "string" }) });
  const rows = Array.from({ length: 500 }, (_, id) => ({ id, note: `note ${id}` }));
  test.each<[string, string]>([
    ["a check", `CREATE TABLE t (${META}, id bigint CHECK (id % 100 <> 7), note varchar)`],
    [
      "a unique index",
      `CREATE TABLE t (${META}, id bigint UNIQUE, note varchar); INSERT INTO t SELECT 'x', now(), '{}', 0, i, 'there' FROM generate_series(7, 500, 100) AS i`,
    ],
    [
      "a foreign key",
      `CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent SELECT i FROM generate_series(0, 500) AS i WHERE i % 100 <> 7; CREATE TABLE t (${META}, id bigint REFERENCES parent, note varchar)`,
    ],
    [
      "a deferred foreign key",
      `CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent SELECT i FROM generate_series(0, 500) AS i WHERE i % 100 <> 7; CREATE TABLE t (${META}, id bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED, note varchar)`,
    ],
    [
      "a trigger with a code of its own",
      `CREATE TABLE t (${META}, id bigint, note varchar); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id % 100 = 7 THEN RAISE EXCEPTION 'no sevens' USING ERRCODE = 'WR777'; END IF; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`,
    ],
    [
      "a partition that is missing",
      `CREATE TABLE t (${META}, id bigint, note varchar) PARTITION BY LIST (id); ${Array.from({ length: 500 }, (_, id) => (id % 100 === 7 ? "" : `CREATE TABLE t${id} PARTITION OF t FOR VALUES IN (${id});`)).join("")}`,
    ],
  ])("%s: the refused rows are rejected with a reason, all others written", async (_what, sql) => {
    const db = await newDatabase();
    await db.sql(sql);
    const [before] = await db.sql("SELECT count(*) AS rows FROM t");
    const { result, rejected } = await syncStream(db.url, plan, rows);
    expect(result).toMatchObject({ received: 500, written: 495, rejected: 5 });
    const ids = rejected.map(({ record }) => (record as { readonly id: number }).id);
    expect(ids.toSorted((left, right) => left - right)).toEqual([7, 107, 207, 307, 407]);
    for (const { code, reason } of rejected) {
      expect(code).toBe("destination.row_refused");
      expect(reason).toMatch(/^[0-9A-Z]{5}: ./);
    }
    const [after] = await db.sql("SELECT count(*) AS rows FROM t");
    expect(Number(after?.["rows"]) - Number(before?.["rows"])).toBe(495);
  });

  test("a value that only the server can judge becomes NULL with a change", async () => {
    const db = await newDatabase();
    const native = (name: string, type: string) => ({
      name,
      kind: "string" as const,
      native: { system: "postgresql", type },
    });
    const stream = planOf({
      table: { name: "t" },
      fields: [native("id", "uuid"), native("at, line 2, column id: x", "inet")],
      nativeTypes: true,
    });
    const uuid = "00000000-0000-0000-0000-000000000001";
    const { result, rejected } = await syncStream(db.url, stream, [
      { id: uuid, "at, line 2, column id: x": "10.0.0.1" },
      { id: "no uuid", "at, line 2, column id: x": "10.0.0.2" },
      { id: uuid, "at, line 2, column id: x": "no address" },
      { id: "neither", "at, line 2, column id: x": "nor" },
      { id: uuid, "at, line 2, column id: x": "10.0.0.5" },
    ]);
    expect(rejected).toEqual([]);
    expect(result).toMatchObject({ received: 5, written: 5, changed: 3 });
    const found = await db.sql(
      `SELECT id, "at, line 2, column id: x" AS at, jsonb_array_length(_airbyte_meta -> 'changes') AS changes FROM t ORDER BY _airbyte_raw_id`,
    );
    expect(found.map(({ id, at, changes }) => [id === uuid, at, changes])).toEqual([
      [true, "10.0.0.1", "0"],
      [false, "10.0.0.2", "1"],
      [true, null, "1"],
      [false, null, "2"],
      [true, "10.0.0.5", "0"],
    ]);
  });

  test("a row whose key does not fit is rejected where rows are told apart by it", async () => {
    const db = await newDatabase();
    const { rejected, result } = await syncStream(
      db.url,
      { ...plan, mode: "append_dedup", primaryKey: ["id"] },
      [
        { id: 1, note: "a" },
        { id: "x", note: "b" },
        { id: 2n ** 70n, note: "c" },
        { id: null, note: "d" },
      ],
    );
    expect(rejected).toEqual([
      {
        record: { id: "x", note: "b" },
        code: "destination.key_unfit",
        reason: expect.any(String) as unknown,
      },
      {
        record: { id: 2n ** 70n, note: "c" },
        code: "destination.key_unfit",
        reason: expect.any(String) as unknown,
      },
    ]);
    expect(result).toMatchObject({ received: 4, written: 2, rejected: 2, changed: 0 });
    expect(await db.sql("SELECT note FROM t ORDER BY note")).toEqual([{ note: "a" }, { note: "d" }]);
  });

  test("a row of more columns than a page holds is rejected", async () => {
    const db = await newDatabase();
    const names = Array.from({ length: 1200 }, (_, at) => `c${at}`);
    const stream = planOf({ table: { name: "t" }, fields: names.map((name) => ({ name, kind: "number" })) });
    const full = Object.fromEntries(names.map((name) => [name, new ExactNumber("123456789.123456789")]));
    const { result, rejected } = await syncStream(db.url, stream, [{ c0: 1 }, full, { c0: 2 }]);
    expect(result).toMatchObject({ received: 3, written: 2, rejected: 1 });
    expect(rejected[0]?.reason).toMatch(/^54000: /);
  });

  test("every row of a flood is rejected, over several batches", async () => {
    const db = await newDatabase();
    await db.sql(`CREATE TABLE t (${META}, id bigint CHECK (id < 0), note varchar)`);
    const { result, rejected } = await syncStream(db.url, plan, rows);
    expect(result).toMatchObject({ received: 500, written: 0, rejected: 500 });
    expect(rejected).toHaveLength(500);
  });

  test.each<[string, string, string]>([
    ["disk_full", "destination.disk_full", "ask"],
    ["deadlock_detected", "destination.conflict", "retry"],
    ["query_canceled", "destination.canceled", "retry"],
  ])("%s is no fault of a row: the load fails and rejects nothing", async (condition, code, recovery) => {
    const db = await newDatabase();
    await db.sql(
      `CREATE TABLE t (${META}, id bigint, note varchar); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 400 THEN RAISE ${condition}; END IF; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`,
    );
    await expect(syncStream(db.url, plan, rows)).rejects.toMatchObject({ failure: { code, recovery } });
    expect(await db.sql("SELECT * FROM t")).toEqual([]);
  });

  test("rows that a trigger leaves out are not counted as written", async () => {
    const db = await newDatabase();
    await db.sql(
      `CREATE TABLE t (${META}, id bigint, note varchar); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id > 9 THEN RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`,
    );
    const { result } = await syncStream(db.url, plan, rows);
    expect(result).toMatchObject({ received: 500, written: 10, rejected: 0 });
  });
});
