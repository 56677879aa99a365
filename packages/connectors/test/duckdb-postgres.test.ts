import { testPostgres } from "@weir/kit/testing";
import type { Field, FieldKind, WeirError } from "@weir/protocol";
import { Client } from "pg";
import { to } from "pg-copy-streams";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batches, begin, loadPart, never, newPath, openSession, planOf, query } from "./duckdb-scene.ts";

let client: Client;

beforeAll(async () => {
  client = new Client({ connectionString: await testPostgres() });
  await client.connect();
  await client.query("SET TimeZone = 'UTC'");
});
afterAll(() => client.end());

interface Typed {
  readonly type: string;
  readonly field: Omit<Field, "name">;
  /** SQL literals. */
  readonly values: readonly string[];
  /** Among them are some that DuckDB's CSV reader must refuse. */
  readonly needsBatch?: boolean;
}

const kind = (of: FieldKind, parts: Partial<Field> = {}): Omit<Field, "name"> => ({ kind: of, ...parts });

/** PostgreSQL's own extremes; where DuckDB's range is smaller the value is NULL, and said to be changed. */
const TYPES: Readonly<Record<string, Typed>> = {
  int2: { type: "smallint", field: kind("integer"), values: ["32767", "-32768", "0"] },
  int8: {
    type: "bigint",
    field: kind("integer"),
    values: ["9223372036854775807", "'-9223372036854775808'", "-1"],
  },
  bool: { type: "boolean", field: kind("boolean"), values: ["true", "false"] },
  numeric: {
    type: "numeric(38,9)",
    field: kind("number", { precision: 38, scale: 9 }),
    values: ["99999999999999999999999999999.999999999", "-0.000000001", "1.5", "0"],
  },
  "numeric NaN": {
    type: "numeric(10,2)",
    field: kind("number", { precision: 10, scale: 2 }),
    values: ["'NaN'", "1.25"],
    needsBatch: true,
  },
  date: {
    type: "date",
    field: kind("date"),
    values: ["'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'infinity'", "'-infinity'"],
  },
  "date far off": {
    type: "date",
    field: kind("date"),
    values: ["'4713-01-01 BC'", "'5874897-12-31'", "'0044-03-15 BC'", "'12345-06-07'"],
    needsBatch: true,
  },
  timestamptz: {
    type: "timestamptz",
    field: kind("timestamp_with_timezone"),
    values: ["'2024-01-01 10:00:00.123456+05:30'", "'1800-01-01 00:00:00+00'", "'infinity'", "'-infinity'"],
  },
  "timestamptz far off": {
    type: "timestamptz",
    field: kind("timestamp_with_timezone"),
    values: ["'4713-01-01 00:00:00+00 BC'", "'12345-01-01 00:00:00+00'", "'294276-12-31 23:59:59.999999+00'"],
    needsBatch: true,
  },
  timestamp: {
    type: "timestamp",
    field: kind("timestamp_without_timezone"),
    values: ["'2024-01-01 10:00:00.5'", "'infinity'", "'0001-01-01'", "'12345-01-01'"],
  },
  time: {
    type: "time",
    field: kind("time_without_timezone"),
    values: ["'24:00:00'", "'00:00:00.000001'", "'10:00'"],
  },
  timetz: {
    type: "timetz",
    field: kind("time_with_timezone"),
    values: ["'10:00+02'", "'24:00:00-15:59:59'", "'00:00:00.5+05:30'"],
  },
  text: {
    type: "text",
    field: kind("string"),
    values: [
      "''",
      "'\\N'",
      "E'line\\nbreak'",
      "E'car\\rriage'",
      "'q\"uote'",
      "'comma,'",
      "'\\.'",
      "'ünï😀'",
      "' x '",
    ],
  },
  char: { type: "char(5)", field: kind("string"), values: ["'ab'", "''"] },
  uuid: { type: "uuid", field: kind("string"), values: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"] },
  bytea: { type: "bytea", field: kind("string"), values: ["'\\x00ff'"] },
  interval: { type: "interval", field: kind("string"), values: ["'1 mon 2 days 03:04:05.6'"] },
  jsonb: {
    type: "jsonb",
    field: kind("unknown"),
    values: [`'{"b": [1, "x", null], "a": 12345678901234567890.5}'`, `'"text"'`, `'null'`, `'1'`],
  },
};

/** PostgreSQL's text of each value, as DuckDB writes the same value. */
function expected(text: string | null, { field }: Typed): string | null {
  if (text === null || !/date|timestamp/.test(field.kind) || !text.endsWith(" BC")) return text;
  return text.replace(/^(\S+)(.*) BC$/, "$1 (BC)$2");
}

async function csv(table: string): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; rows(): number }> {
  const stream = client.query(to(`COPY ${table} (n, v) TO STDOUT (FORMAT csv, NULL '\\N')`));
  return { chunks: stream, rows: () => stream.rowCount ?? 0 };
}

describe("what PostgreSQL sends arrives by both routes as the same value", () => {
  let tables = 0;
  for (const [name, typed] of Object.entries(TYPES)) {
    test(name, async () => {
      tables += 1;
      const table = `typed_${tables}`;
      await client.query(`CREATE TABLE ${table} (n bigint, v ${typed.type})`);
      const values = [...typed.values, "NULL"].map((value, row) => `(${row}, ${value})`);
      await client.query(`INSERT INTO ${table} VALUES ${values.join(", ")}`);
      const { rows } = await client.query<{ v: string | null }>(
        `SELECT format('%s', v) AS t, v::text AS v FROM ${table} ORDER BY n`,
      );
      const texts = rows.map((row) =>
        row.v === null ? null : typed.type.startsWith("char") ? String((row as { t?: string }).t) : row.v,
      );

      const path = newPath();
      const session = await openSession(path);
      const plan = planOf({
        fields: [
          { name: "n", kind: "integer" },
          { name: "v", ...typed.field },
        ],
        primaryKey: ["n"],
      });
      await begin(session, plan);
      const read = await csv(table);
      const byCsv = await loadPart(session, { plan, read: { form: "bytes", ...read } }).catch(
        (error: unknown) => error,
      );
      if (typed.needsBatch === true) {
        expect((byCsv as WeirError).failure).toMatchObject({ recovery: "skip" });
      } else {
        expect(byCsv).toMatchObject({ written: texts.length });
      }
      const byBatch = await loadPart(session, {
        plan,
        read: batches({
          rows: texts.length,
          columns: [
            { form: "text", values: texts.map((_, row) => String(row)) },
            { form: "text", values: texts },
          ],
          bytes: 1,
        }),
      });
      const found = await query(
        path,
        "SELECT n, CAST(v AS VARCHAR) AS v, _airbyte_meta AS meta FROM orders ORDER BY n, _airbyte_raw_id",
      );
      const copies = typed.needsBatch === true ? 1 : 2;
      expect(found).toHaveLength(copies * texts.length);
      let changed = 0;
      for (const { n, v, meta } of found) {
        const want = expected(texts[Number(n)] ?? null, typed);
        if (String(meta).includes('"change":"NULLED"')) {
          changed += 1;
          expect(v).toBeNull();
        } else expect(v).toBe(want);
      }
      expect(changed).toBe(byBatch.changed);
      const beyond = texts.filter((text) => text === "NaN" || /^2942(7|[5-9])/.test(text ?? ""));
      expect(changed).toBe(beyond.length);
    });
  }
});

describe("measure", () => {
  const KEYS: Readonly<Record<string, Typed>> = {
    bigint: { type: "bigint", field: kind("integer"), values: ["1", "-5", "9223372036854775807"] },
    varchar: { type: "varchar(20)", field: kind("string"), values: ["'a'", "'ünï'", "'\\N'", "''"] },
    "numeric of known scale": {
      type: "numeric(10,3)",
      field: kind("number", { precision: 10, scale: 3 }),
      values: ["1.5", "-2.250", "0"],
    },
    "numeric of unknown scale": {
      type: "numeric",
      field: kind("number"),
      values: ["1.5", "-2.25", "10", "0"],
    },
    timestamptz: {
      type: "timestamptz",
      field: kind("timestamp_with_timezone"),
      values: ["'2024-01-01 10:00:00.120+02'", "'0044-03-15 10:00:00+00 BC'", "'infinity'"],
    },
    timestamp: {
      type: "timestamp",
      field: kind("timestamp_without_timezone"),
      values: ["'2024-01-01 10:00:00.5'"],
    },
    date: { type: "date", field: kind("date"), values: ["'2024-01-01'", "'0044-03-15 BC'"] },
    uuid: { type: "uuid", field: kind("string"), values: ["'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'"] },
    boolean: { type: "boolean", field: kind("boolean"), values: ["true", "false"] },
  };

  for (const [name, typed] of Object.entries(KEYS)) {
    test(`agrees with PostgreSQL: ${name}`, async () => {
      const table = `keyed_${name.replaceAll(" ", "_")}`;
      await client.query(`CREATE TABLE ${table} (n bigint, v ${typed.type})`);
      const values = [...typed.values, "NULL"].map((value, row) => `(${row}, ${value})`);
      await client.query(`INSERT INTO ${table} VALUES ${values.join(", ")}`);
      const { rows } = await client.query<{ sum: string; v: string }>(
        `SELECT sum(('x' || substr(md5(concat_ws(E'\\x1f', coalesce(v::text, '\\N'), coalesce(n::text, '\\N'))), 1, 15))::bit(60)::bigint)::text AS sum FROM ${table}`,
      );
      const { rows: texts } = await client.query<{ v: string | null }>(
        `SELECT v::text AS v FROM ${table} ORDER BY n`,
      );
      const session = await openSession(newPath());
      const plan = planOf({
        fields: [
          { name: "n", kind: "integer" },
          { name: "v", ...typed.field },
        ],
      });
      await begin(session, plan);
      await loadPart(session, {
        plan,
        read: batches({
          rows: texts.length,
          columns: [
            { form: "text", values: texts.map((_, row) => String(row)) },
            { form: "text", values: texts.map(({ v }) => v) },
          ],
          bytes: 1,
        }),
      });
      expect(await session.measure(plan, { key: ["v", "n"], signal: never() })).toEqual({
        rows: texts.length,
        checksum: rows[0]?.sum,
      });
    });
  }
});
