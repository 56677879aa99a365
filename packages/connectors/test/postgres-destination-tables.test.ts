import { describe, expect, test } from "vitest";
import type { Field, FieldKind, JsonValue, StreamPlan } from "@weir/protocol";
import {
  codeOf,
  fields,
  openDestination,
  planOf,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";

const begin = async (db: Database, ...streams: readonly StreamPlan[]): Promise<readonly string[]> => {
  const session = await openDestination(db.url);
  try {
    return await session.begin({ token: { sync: 1, attempt: 1 }, streams, checkpoints: [] });
  } finally {
    await session.close();
  }
};

describe("schema evolution", () => {
  const wide = async (from: FieldKind, first: JsonValue, to: FieldKind, second: JsonValue) => {
    const db = await newDatabase();
    const plan = (kind: FieldKind): StreamPlan =>
      planOf({ table: { name: "t" }, fields: fields({ value: kind }) });
    await syncStream(db.url, plan(from), [{ value: first }]);
    const { notes } = await syncStream(db.url, plan(to), [{ value: second }], { sync: 2 });
    const rows = await db.sql(
      "SELECT value::text AS value, format_type(atttypid, atttypmod) AS type FROM t, pg_attribute WHERE attrelid = 't'::regclass AND attname = 'value' ORDER BY _airbyte_raw_id",
    );
    return { notes, type: rows[0]?.["type"], values: rows.map(({ value }) => value) };
  };

  test.each<[FieldKind, JsonValue, FieldKind, JsonValue, string, readonly string[]]>([
    ["integer", 1, "number", 2.5, "numeric", ["1", "2.5"]],
    ["number", 1.5, "integer", 2, "numeric", ["1.5", "2"]],
    ["integer", 1, "string", "b", "character varying", ["1", "b"]],
    ["string", "a", "integer", 2, "character varying", ["a", "2"]],
    [
      "date",
      "2024-02-29",
      "timestamp_without_timezone",
      "2024-01-01T10:00:00",
      "timestamp without time zone",
      ["2024-02-29 00:00:00", "2024-01-01 10:00:00"],
    ],
    [
      "timestamp_without_timezone",
      "2024-02-29T01:00:00",
      "timestamp_with_timezone",
      "2024-01-01T10:00:00+02:00",
      "timestamp with time zone",
      ["2024-02-29 01:00:00+00", "2024-01-01 08:00:00+00"],
    ],
    [
      "date",
      "2024-02-29",
      "timestamp_with_timezone",
      "2024-01-01T10:00:00Z",
      "timestamp with time zone",
      ["2024-02-29 00:00:00+00", "2024-01-01 10:00:00+00"],
    ],
    [
      "timestamp_with_timezone",
      "2024-02-29T01:00:00Z",
      "date",
      "2024-01-01",
      "timestamp with time zone",
      ["2024-02-29 01:00:00+00", "2024-01-01 00:00:00+00"],
    ],
    [
      "time_without_timezone",
      "10:00:00",
      "time_with_timezone",
      "11:00:00+02:00",
      "time with time zone",
      ["10:00:00+00", "11:00:00+02"],
    ],
    ["boolean", true, "integer", 7, "character varying", ["true", "7"]],
    [
      "timestamp_with_timezone",
      "2024-02-29T01:00:00Z",
      "string",
      "x",
      "character varying",
      ["2024-02-29 01:00:00+00", "x"],
    ],
    ["integer", 1, "object", { a: 1 }, "jsonb", ["1", '{"a": 1}']],
    ["object", { a: 1 }, "integer", 7, "jsonb", ['{"a": 1}', "7"]],
    ["unknown", [1], "string", 'say "x"', "jsonb", ["[1]", '"say \\"x\\""']],
    ["unknown", [1], "number", "NaN", "jsonb", ["[1]", '"NaN"']],
    ["string", "a", "object", { b: "\\" }, "character varying", ["a", '{"b":"\\\\"}']],
  ])("%s %j then %s %j", async (...change) => {
    const [from, first, to, second, type, values] = change;
    const wider = await wide(from, first, to, second);
    expect(wider).toMatchObject({ type, values });
  });

  test("adds new columns, keeps missing ones and says so", async () => {
    const db = await newDatabase();
    const plan = (list: readonly Field[]): StreamPlan => planOf({ table: { name: "t" }, fields: list });
    await syncStream(db.url, plan(fields({ a: "integer", b: "string" })), [{ a: 1, b: "x" }]);
    const { notes } = await syncStream(
      db.url,
      plan(fields({ c: "object", a: "number" })),
      [{ a: 2.5, c: {} }],
      { sync: 2 },
    );
    expect(notes).toEqual(["t: added column c (jsonb)", "t: widened column a from bigint to numeric"]);
    expect(await db.sql("SELECT a, b, c FROM t ORDER BY a")).toEqual([
      { a: "1", b: "x", c: null },
      { a: "2.5", b: null, c: "{}" },
    ]);
  });

  test("an overwrite takes the new types and keeps columns that the source no longer has", async () => {
    const db = await newDatabase();
    const plan = (generation: number, list: readonly Field[]): StreamPlan =>
      planOf({
        table: { name: "t" },
        fields: list,
        mode: "overwrite",
        generation,
        minimumGeneration: generation,
      });
    await syncStream(db.url, plan(1, fields({ a: "string", b: "string" })), [{ a: "x", b: "y" }]);
    await syncStream(db.url, plan(2, fields({ a: "integer" })), [{ a: 5 }], { sync: 2 });
    expect(await db.sql("SELECT a + 1 AS a, b FROM t")).toEqual([{ a: "6", b: null }]);
  });

  test("merges into a table that was widened before the stage was", async () => {
    const db = await newDatabase();
    const plan = (kind: FieldKind): StreamPlan =>
      planOf({
        table: { name: "t" },
        fields: fields({ id: "integer", v: kind }),
        mode: "append_dedup",
        primaryKey: ["id"],
      });
    await syncStream(db.url, plan("integer"), [{ id: 1, v: 1 }]);
    await syncStream(db.url, plan("integer"), [{ id: 2, v: 2 }], { sync: 2 });
    await db.sql("ALTER TABLE t ALTER v TYPE varchar");
    await syncStream(db.url, plan("integer"), [{ id: 1, v: 3 }], { sync: 3 });
    expect(await db.sql("SELECT id, v FROM t ORDER BY id")).toEqual([
      { id: "1", v: "3" },
      { id: "2", v: "2" },
    ]);
  });

  test("two connections that make the same schema and tables at the same moment both succeed", async () => {
    const db = await newDatabase();
    const streams = Array.from({ length: 6 }, (_, at) => `c${at}`);
    await Promise.all(
      streams.map((connection) =>
        syncStream(
          db.url,
          planOf({ table: { namespace: "fresh", name: connection }, fields: fields({ a: "integer" }) }),
          [{ a: 1 }],
          { connection },
        ),
      ),
    );
    expect(await db.sql("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'fresh'")).toEqual([
      { n: "6" },
    ]);
  });
});

describe("names", () => {
  const HOSTILE = [
    "select",
    'a "quoted" name',
    "it's",
    "back\\slash",
    "percent % and $1",
    "naïve 🎉",
    " blanks ",
    "UPPER",
    "upper",
    "dotted.name",
    "n".repeat(200),
    `${"n".repeat(199)}x`,
    "é".repeat(40),
    "",
    "ctid",
    "xmin",
    "_airbyte_raw_id",
    "_airbyte_meta",
    "a\0b",
    "half \ud83d pair",
    "line\nfeed",
    "; DROP TABLE t; --",
  ];

  test("any name of a field becomes a column of its own, the same one each time", async () => {
    const db = await newDatabase();
    const plan = planOf({
      table: { name: "t" },
      fields: HOSTILE.map((name): Field => ({ name, kind: "string" })),
      mode: "append_dedup",
      primaryKey: ['a "quoted" name', "ctid"],
      cursor: "it's",
    });
    const row = Object.fromEntries(HOSTILE.map((name, at) => [name, `value ${at}`]));
    await syncStream(db.url, plan, [row]);
    const { notes } = await syncStream(db.url, plan, [row], { sync: 2 });
    expect(notes).toEqual([]);
    const columns = await db.sql(
      "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 4 ORDER BY attnum",
    );
    expect(columns).toHaveLength(HOSTILE.length);
    expect(columns.map(({ attname }) => attname).slice(0, 10)).toEqual(HOSTILE.slice(0, 10));
    const [stored] = await db.sql("SELECT (to_jsonb(t) - '_airbyte_meta')::text AS row FROM t");
    const values = Object.values(JSON.parse(stored?.["row"] ?? "{}") as Record<string, string>);
    for (const value of Object.values(row)) expect(values).toContain(value);
    const comments = await db.sql("SELECT description FROM pg_description WHERE objoid = 't'::regclass");
    expect(comments.map(({ description }) => description)).toContain('Field "ctid"');
  });

  test.each(HOSTILE.filter((name) => name !== ""))("table %j in schema %j", async (name) => {
    const db = await newDatabase();
    const plan = planOf({
      table: { namespace: name, name },
      fields: fields({ a: "integer" }),
      mode: "overwrite",
    });
    await syncStream(db.url, plan, [{ a: 1 }]);
    await syncStream(db.url, { ...plan, generation: 2 }, [{ a: 2 }], { sync: 2 });
    await syncStream(db.url, { ...plan, mode: "append_dedup", primaryKey: ["a"] }, [{ a: 2 }, { a: 3 }], {
      sync: 3,
    });
    const [table] = await db.sql(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', '_weir')",
    );
    expect(await db.sql(`SELECT a FROM ${table?.["name"]} ORDER BY a`)).toEqual([{ a: "2" }, { a: "3" }]);
  });

  test("two streams for one table are refused, two fields for one column too", async () => {
    const db = await newDatabase();
    const one = planOf({ table: { name: "t" }, fields: fields({ a: "integer" }) });
    const other = { ...one, key: "other", table: { namespace: "public", name: "t" } };
    await expect(begin(db, one, other)).rejects.toMatchObject({
      failure: { code: "destination.names_collide" },
    });
    const twice = planOf({ table: { name: "u" }, fields: [...one.fields, ...one.fields] });
    await expect(begin(db, twice)).rejects.toMatchObject({ failure: { code: "destination.names_collide" } });
    const own = planOf({ table: { namespace: "_weir", name: "fences" }, fields: one.fields });
    await expect(begin(db, own)).rejects.toMatchObject({ failure: { code: "destination.schema_reserved" } });
  });
});

describe("tables that are there already", () => {
  const META =
    "_airbyte_raw_id varchar NOT NULL, _airbyte_extracted_at timestamptz NOT NULL, _airbyte_meta jsonb NOT NULL, _airbyte_generation_id bigint NOT NULL";
  const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer", note: "string" }) });

  test.each<[string, string, string]>([
    ["a table of somebody else", "CREATE TABLE t (id int)", "destination.table_not_ours"],
    ["a view", "CREATE VIEW t AS SELECT 1 AS id", "destination.not_a_table"],
    [
      "a NOT NULL column nobody fills",
      `CREATE TABLE t (${META}, more int NOT NULL)`,
      "destination.column_required",
    ],
    [
      "an old Airbyte column that nobody fills",
      `CREATE TABLE t (${META}, _airbyte_loaded_at timestamptz NOT NULL)`,
      "destination.column_required",
    ],
    [
      "a generated column",
      `CREATE TABLE t (${META}, id bigint GENERATED ALWAYS AS (1) STORED)`,
      "destination.column_generated",
    ],
    [
      "an identity column",
      `CREATE TABLE t (${META}, id bigint GENERATED ALWAYS AS IDENTITY)`,
      "destination.column_generated",
    ],
    [
      "a view on a column that must be widened",
      `CREATE TABLE t (${META}, id int, note varchar); CREATE VIEW v AS SELECT id FROM t`,
      "destination.column_not_widened",
    ],
    ["a name of a type", "CREATE TYPE t AS ENUM ('a')", "destination.query_failed"],
  ])("%s is refused with a reason", async (_what, sql, code) => {
    const db = await newDatabase();
    await db.sql(sql);
    expect(await codeOf(begin(db, plan))).toBe(code);
  });

  test("more fields than a table has columns are refused with a reason", async () => {
    const db = await newDatabase();
    const many = Array.from({ length: 1700 }, (_, at): Field => ({ name: `c${at}`, kind: "integer" }));
    expect(await codeOf(begin(db, { ...plan, fields: many }))).toBe("destination.table_too_wide");
  });

  test("a foreign key that would delete rows elsewhere stops an overwrite before anything is read", async () => {
    const db = await newDatabase();
    await db.sql(`CREATE TABLE t (${META}, id bigint PRIMARY KEY, note varchar);
      CREATE TABLE child (parent bigint REFERENCES t (id) ON DELETE CASCADE)`);
    expect(await codeOf(begin(db, { ...plan, mode: "overwrite" }))).toBe("destination.table_referenced");
    expect(await begin(db, plan)).toEqual([]);
  });

  test("a table of an older Airbyte, without generation, is completed", async () => {
    const db = await newDatabase();
    await db.sql(`CREATE TABLE t (_airbyte_raw_id varchar(36), _airbyte_extracted_at timestamptz, id int4, note text);
      INSERT INTO t VALUES ('x', now(), 1, 'old')`);
    await syncStream(db.url, plan, [{ id: 5_000_000_000, note: "new" }]);
    const rows = await db.sql(
      "SELECT id, note, _airbyte_generation_id AS g, _airbyte_meta::text AS meta FROM t ORDER BY id",
    );
    expect(rows).toEqual([
      { id: "1", note: "old", g: "0", meta: '{"changes": [], "sync_id": 0}' },
      { id: "5000000000", note: "new", g: "1", meta: '{"changes": [], "sync_id": 1}' },
    ]);
  });

  test("columns with defaults, identities by default and checks work", async () => {
    const db = await newDatabase();
    await db.sql(`CREATE TABLE t (${META}, id bigint NOT NULL, note varchar CHECK (note <> 'bad'),
      more int NOT NULL DEFAULT 7, own bigint GENERATED BY DEFAULT AS IDENTITY)`);
    const { rejected, result } = await syncStream(db.url, plan, [
      { id: 1, note: "good" },
      { id: 2, note: "bad" },
      { id: null, note: "no id" },
      { id: 4, note: "good" },
    ]);
    expect(result).toMatchObject({ received: 4, written: 2, rejected: 2 });
    expect(rejected.map(({ record, code }) => [record, code])).toEqual([
      [{ id: 2, note: "bad" }, "destination.row_refused"],
      [{ id: null, note: "no id" }, "destination.row_refused"],
    ]);
    expect(await db.sql("SELECT id, more FROM t ORDER BY id")).toEqual([
      { id: "1", more: "7" },
      { id: "4", more: "7" },
    ]);
  });

  test("what the user's table refuses is found while it is loaded, also where rows are staged", async () => {
    const db = await newDatabase();
    await db.sql(`CREATE TABLE t (${META}, id bigint NOT NULL, note varchar, CHECK (note <> 'bad'))`);
    for (const mode of ["append_dedup", "overwrite"] as const) {
      const { rejected } = await syncStream(db.url, { ...plan, mode, primaryKey: ["id"] }, [
        { id: 1, note: mode },
        { id: 2, note: "bad" },
        { id: null, note: "no id" },
      ]);
      expect(rejected.map(({ record }) => record)).toEqual([
        { id: 2, note: "bad" },
        { id: null, note: "no id" },
      ]);
      expect(await db.sql("SELECT id, note FROM t")).toEqual([{ id: "1", note: mode }]);
    }
    // What the table no longer refuses, its stage does not either.
    await db.sql("ALTER TABLE t DROP CONSTRAINT t_note_check, ALTER id DROP NOT NULL");
    const { rejected } = await syncStream(db.url, { ...plan, mode: "append_dedup", primaryKey: ["id"] }, [
      { id: 2, note: "bad" },
      { id: null, note: "no id" },
    ]);
    expect(rejected).toEqual([]);
    expect(await db.sql("SELECT count(*) AS rows FROM t")).toEqual([{ rows: "3" }]);
  });
});
