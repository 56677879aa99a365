import type { Field, FieldKind, JsonObject, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { begin, finish, loadRows, newPath, openSession, planOf, query, syncRows } from "./duckdb-scene.ts";

async function failureOf(promise: Promise<unknown>): Promise<WeirError["failure"]> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof WeirError) return error.failure;
  throw new Error(`no WeirError: ${String(error)}`);
}

async function columns(path: string, table = "orders"): Promise<readonly string[]> {
  const found = await query(
    path,
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns()
     WHERE table_name = '${table}' AND NOT starts_with(column_name, '_airbyte_') ORDER BY column_index`,
  );
  return found.map(({ name, type }) => `${String(name)} ${String(type)}`);
}

const field = (name: string, kind: FieldKind, parts: Partial<Field> = {}): Field => ({
  name,
  kind,
  ...parts,
});

describe("columns", () => {
  test("have the types of Airbyte, and native ones where asked for", async () => {
    const path = newPath();
    const kinds: readonly FieldKind[] = [
      "string",
      "boolean",
      "integer",
      "number",
      "date",
      "timestamp_with_timezone",
      "timestamp_without_timezone",
      "time_with_timezone",
      "time_without_timezone",
      "object",
      "array",
      "union",
      "unknown",
    ];
    const session = await openSession(path);
    await begin(session, planOf({ fields: kinds.map((kind) => field(kind, kind)) }));
    expect(await columns(path)).toEqual([
      "string VARCHAR",
      "boolean BOOLEAN",
      "integer BIGINT",
      "number DECIMAL(38,9)",
      "date DATE",
      "timestamp_with_timezone TIMESTAMP WITH TIME ZONE",
      "timestamp_without_timezone TIMESTAMP",
      "time_with_timezone TIME WITH TIME ZONE",
      "time_without_timezone TIME",
      "object JSON",
      "array JSON",
      "union JSON",
      "unknown JSON",
    ]);
    const native = (name: string, kind: FieldKind, type: string): Field =>
      field(name, kind, { native: { system: "any", type } });
    const other = newPath();
    const fields = [
      native("a", "integer", "int4"),
      native("b", "number", "float8"),
      native("c", "string", "uuid"),
      native("d", "string", "inet"),
      native("e", "string", "int4"),
    ];
    await begin(await openSession(other), planOf({ fields, nativeTypes: true }));
    expect(await columns(other)).toEqual(["a INTEGER", "b DOUBLE", "c UUID", "d VARCHAR", "e VARCHAR"]);
  });

  test("of decimals follow the source as far as 38 digits go", async () => {
    const path = newPath();
    const decimal = (name: string, precision: number, scale: number): Field =>
      field(name, "number", { precision, scale });
    await begin(
      await openSession(path),
      planOf({
        fields: [
          decimal("a", 10, 2),
          decimal("b", 38, 38),
          decimal("c", 39, 2),
          decimal("d", 3, 5),
          decimal("e", 2, -3),
        ],
      }),
    );
    expect(await columns(path)).toEqual([
      "a DECIMAL(10,2)",
      "b DECIMAL(38,38)",
      "c DECIMAL(38,9)",
      "d DECIMAL(5,5)",
      "e DECIMAL(5,0)",
    ]);
  });

  test("are added, and those the source no longer has are kept, in every mode", async () => {
    for (const mode of ["append", "overwrite", "append_dedup", "overwrite_dedup"] as const) {
      const path = newPath();
      const first = planOf({ mode, fields: [field("id", "integer"), field("gone", "string")] });
      await syncRows(await openSession(path), first, [{ id: 1, gone: "x" }]);
      const session = await openSession(path);
      const next = planOf({ mode, generation: 2, fields: [field("id", "integer"), field("new", "date")] });
      expect(await begin(session, next, { sync: 2, attempt: 1 })).toEqual([
        "main.orders: added column new (DATE)",
      ]);
      await loadRows(session, next, [{ id: 2, new: "2024-01-01" }], 2);
      await finish(session, next, { since: 2 });
      expect(await columns(path)).toEqual(["id BIGINT", "gone VARCHAR", "new DATE"]);
      const rows = await query(path, "SELECT id, gone, new FROM orders ORDER BY id");
      const old = mode.startsWith("append") ? [{ id: "1", gone: "x", new: null }] : [];
      expect(rows).toEqual([...old, { id: "2", gone: null, new: "2024-01-01" }]);
    }
  });

  const WIDER: Readonly<
    Record<string, readonly [before: string, value: string, wanted: Field, type: string, after: string]>
  > = {
    "integer to decimal": ["BIGINT", "5", field("v", "number"), "DECIMAL(38,9)", "5.000000000"],
    "integer to a decimal without room for it": [
      "BIGINT",
      "9223372036854775807",
      field("v", "number", { precision: 5, scale: 2 }),
      "DECIMAL(21,2)",
      "9223372036854775807.00",
    ],
    "small integer to integer": ["SMALLINT", "5", field("v", "integer"), "BIGINT", "5"],
    "huge integer stays": ["HUGEINT", "5", field("v", "integer"), "HUGEINT", "5"],
    "decimal to a wider one": [
      "DECIMAL(5,2)",
      "1.25",
      field("v", "number", { precision: 10, scale: 4 }),
      "DECIMAL(10,4)",
      "1.2500",
    ],
    "decimal with more on both sides": [
      "DECIMAL(10,1)",
      "123456789.5",
      field("v", "number", { precision: 8, scale: 6 }),
      "DECIMAL(15,6)",
      "123456789.500000",
    ],
    "decimal as wide as it gets": [
      "DECIMAL(38,9)",
      "1.5",
      field("v", "number", { precision: 38, scale: 20 }),
      "DECIMAL(38,9)",
      "1.500000000",
    ],
    "integer in a decimal stays": [
      "DECIMAL(38,9)",
      "1.5",
      field("v", "integer"),
      "DECIMAL(38,9)",
      "1.500000000",
    ],
    "date to timestamp": [
      "DATE",
      "2024-01-01",
      field("v", "timestamp_without_timezone"),
      "TIMESTAMP",
      "2024-01-01 00:00:00",
    ],
    "timestamp to timestamp with zone": [
      "TIMESTAMP",
      "2024-01-01 10:00:00",
      field("v", "timestamp_with_timezone"),
      "TIMESTAMP WITH TIME ZONE",
      "2024-01-01 10:00:00+00",
    ],
    "time to time with zone": [
      "TIME",
      "10:00:00",
      field("v", "time_with_timezone"),
      "TIME WITH TIME ZONE",
      "10:00:00+00",
    ],
    "integer to text": ["BIGINT", "5", field("v", "string"), "VARCHAR", "5"],
    "date before Christ to text": [
      "DATE",
      "0044-03-15 (BC)",
      field("v", "string"),
      "VARCHAR",
      "0044-03-15 BC",
    ],
    "timestamp before Christ to text": [
      "TIMESTAMPTZ",
      "0044-03-15 (BC) 10:00:00+00",
      field("v", "integer"),
      "VARCHAR",
      "0044-03-15 10:00:00+00 BC",
    ],
    "boolean to integer meets in text": ["BOOLEAN", "true", field("v", "integer"), "VARCHAR", "true"],
    "double to decimal meets in text": ["DOUBLE", "0.1", field("v", "number"), "VARCHAR", "0.1"],
    "text to JSON": ["BOOLEAN", "true", field("v", "union"), "JSON", "true"],
    "text stays": ["VARCHAR", "x", field("v", "integer"), "VARCHAR", "x"],
    "JSON stays": ["JSON", '{"a":1}', field("v", "string"), "JSON", '{"a":1}'],
  };

  for (const [name, [before, value, wanted, type, after]] of Object.entries(WIDER)) {
    for (const mode of ["append", "append_dedup"] as const) {
      test(`widen: ${name}, ${mode}`, async () => {
        const path = newPath();
        await query(
          path,
          `CREATE TABLE orders (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMPTZ NOT NULL,
            _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, id BIGINT, v ${before})`,
          `INSERT INTO orders VALUES ('a', now(), '{}', 1, 1, '${value}')`,
        );
        const session = await openSession(path);
        const plan = planOf({ mode, fields: [field("id", "integer"), wanted] });
        const notes = await begin(session, plan);
        await loadRows(session, plan, [{ id: 2, v: null }]);
        await finish(session, plan);
        expect(await columns(path)).toEqual(["id BIGINT", `v ${type}`]);
        const spelled = before === "TIMESTAMPTZ" ? "TIMESTAMP WITH TIME ZONE" : before;
        expect(notes).toEqual(spelled === type ? [] : [expect.stringContaining("column v is")]);
        expect(await query(path, "SELECT CAST(v AS VARCHAR) AS v FROM orders ORDER BY id")).toEqual([
          { v: after },
          { v: null },
        ]);
      });
    }
  }

  test("widened between two attempts keep what is staged", async () => {
    for (const mode of ["overwrite", "append_dedup"] as const) {
      const path = newPath();
      const session = await openSession(path);
      const before = planOf({
        mode,
        fields: [field("id", "integer"), field("v", "string"), field("gone", "string")],
      });
      await syncRows(session, { ...before, fields: [field("id", "integer")] }, []);
      await begin(session, before, { sync: 2, attempt: 1 });
      await loadRows(session, before, [{ id: 1, v: "text", gone: "kept" }], 2);
      const after = planOf({
        mode,
        fresh: false,
        fields: [field("id", "number"), field("v", "integer"), field("n", "date")],
      });
      await begin(session, after, { sync: 2, attempt: 2 });
      await loadRows(session, after, [{ id: 1.5, v: 7, n: "2024-01-01" }], 2);
      await finish(session, after, { since: 2 });
      expect(await query(path, "SELECT id, v, gone, n FROM orders ORDER BY id")).toEqual([
        { id: "1.000000000", v: "text", gone: "kept", n: null },
        { id: "1.500000000", v: "7", gone: null, n: "2024-01-01" },
      ]);
    }
  });

  test("of types Weir does not write are named", async () => {
    const path = newPath();
    await query(
      path,
      `CREATE TABLE orders (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMPTZ NOT NULL,
        _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, id BIGINT[])`,
    );
    expect(await failureOf(begin(await openSession(path), planOf()))).toMatchObject({
      code: "destination.column_type",
      recovery: "ask",
    });
  });
});

describe("names", () => {
  const HOSTILE = [
    "select",
    'say "hi"',
    "it's",
    "semi; DROP TABLE orders; --",
    "😀 emoji",
    "É",
    "é",
    " blank ",
    "tab\tnew\nline",
    "dot.dot",
    "100%",
    "rowid",
    "n".repeat(200),
    "nul\0",
    "",
    "half \ud800",
  ];

  test("of fields: reserved, quoted, emoji, 200 characters, empty, with NUL", async () => {
    for (const mode of ["append", "overwrite", "append_dedup", "overwrite_dedup"] as const) {
      const path = newPath();
      const session = await openSession(path);
      const fields = [field("id", "integer"), ...HOSTILE.map((name) => field(name, "string"))];
      const plan = planOf({ mode, fields, primaryKey: ["id", 'say "hi"'], cursor: "select" });
      const row: JsonObject = Object.fromEntries([
        ["id", 1],
        ...HOSTILE.map((name, index) => [name, `v${index}`]),
      ]);
      await syncRows(session, plan, [row]);
      await syncRows(session, plan, [row], 2);
      const found = await query(path, "FROM orders");
      expect(found).toHaveLength(mode === "append" ? 2 : 1);
      const values = Object.entries(found[0] ?? {}).filter(([name]) => !name.startsWith("_airbyte_"));
      expect(values.map(([, value]) => value)).toEqual(["1", ...HOSTILE.map((_, index) => `v${index}`)]);
    }
  });

  test("of tables and schemas: reserved, quoted, emoji, 200 characters", async () => {
    const path = newPath("ma[i]n");
    const session = await openSession(path);
    const plans = HOSTILE.map((name, index) =>
      planOf({
        key: `s${index}`,
        table: { name, namespace: index % 2 === 0 ? name : "Other" },
        mode: "overwrite",
        minimumGeneration: 1,
      }),
    );
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: plans, checkpoints: [] });
    for (const plan of plans) {
      await loadRows(session, plan, [{ id: 1 }]);
      await finish(session, plan);
    }
    const found = await query(
      path,
      "SELECT count(*) AS n, sum(estimated_size) AS rows FROM duckdb_tables() WHERE schema_name <> '_weir'",
    );
    expect(found).toEqual([{ n: String(HOSTILE.length), rows: String(HOSTILE.length) }]);
  });

  test("a file named like its schema, or like DuckDB's own catalogs, is no trouble", async () => {
    for (const name of ["main", "temp", "system"]) {
      const path = newPath().replace(/warehouse-\d+/, name);
      const session = await openSession(path, { config: { schema: name === "main" ? "main" : "shop" } });
      await syncRows(session, planOf({ mode: "overwrite", minimumGeneration: 1 }), [{ id: 1 }]);
      expect(await query(path, `SELECT id FROM ${name === "main" ? "main" : "shop"}.orders`)).toEqual([
        { id: "1" },
      ]);
    }
  });

  test("of fields that fold to one, and those of Weir's own columns, get a suffix of their own", async () => {
    const path = newPath();
    const names = ["name", "Name", "NAME", "_airbyte_meta", "_AIRBYTE_RAW_ID"];
    const plan = planOf({ fields: names.map((name) => field(name, "string")), primaryKey: [] });
    const row = Object.fromEntries(names.map((name) => [name, `value of ${name}`]));
    await syncRows(await openSession(path), plan, [row]);
    const [found] = await query(path, "FROM orders");
    expect(found).toMatchObject({ NAME: "value of NAME", _airbyte_meta: '{"sync_id":1,"changes":[]}' });
    const suffixed = Object.keys(found ?? {}).filter((name) => /_[0-9a-f]{8}$/.test(name));
    expect(suffixed.map((name) => name.slice(0, -9)).toSorted()).toEqual([
      "Name",
      "_AIRBYTE_RAW_ID",
      "_airbyte_meta",
      "name",
    ]);
    // The order of the fields, and what is left of them, change nothing.
    const fewer = planOf({ fields: [field("name", "string"), field("NAME", "string")], primaryKey: [] });
    await syncRows(await openSession(path), fewer, [{ name: "small", NAME: "large" }], 2);
    const rows = await query(path, "FROM orders ORDER BY _airbyte_raw_id");
    const small = suffixed.find((name) => name.startsWith("name_")) ?? "";
    expect(rows.map((item) => [item["NAME"], item[small]])).toEqual([
      ["value of NAME", "value of name"],
      ["large", "small"],
    ]);
  });

  test("of streams that fold to one table are refused", async () => {
    const session = await openSession(newPath());
    const streams: readonly StreamPlan[] = [
      planOf({ key: "a", table: { name: "Orders" } }),
      planOf({ key: "b", table: { name: "orders", namespace: "MAIN" } }),
    ];
    const failure = await failureOf(
      session.begin({ token: { sync: 1, attempt: 1 }, streams, checkpoints: [] }),
    );
    expect(failure).toMatchObject({ code: "destination.names_collide", recovery: "ask" });
    expect(await session.held()).toEqual({ token: null, checkpoints: [] });
  });

  test("in Weir's own schema are refused", async () => {
    const session = await openSession(newPath());
    const plan = planOf({ table: { namespace: "_WEIR", name: "fences" } });
    expect(await failureOf(begin(session, plan))).toMatchObject({ code: "destination.schema_reserved" });
  });

  test("of somebody else's tables and views are left alone", async () => {
    const path = newPath();
    await query(path, "CREATE TABLE orders (id INTEGER)", "CREATE VIEW listed AS SELECT 1 AS id");
    const session = await openSession(path);
    expect(await failureOf(begin(session, planOf()))).toMatchObject({ code: "destination.table_taken" });
    const view = planOf({ table: { name: "Listed" } });
    expect(await failureOf(begin(session, view))).toMatchObject({ code: "destination.table_taken" });
    expect(await query(path, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "0" }]);
  });
});
