import type { Column, Field, FieldKind, JsonValue } from "@weir/protocol";
import { ExactNumber, WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { batches, begin, bytes, loadPart, newPath, openSession, planOf, query } from "./duckdb-scene.ts";

type Outcome = string | null | { readonly value: string | null; readonly change: string };

/** What a reader sees of one column after the load of one column of values. */
async function stored(
  field: Field,
  column: Column,
  rows: number,
  nativeTypes = false,
): Promise<readonly Outcome[]> {
  const path = newPath();
  const session = await openSession(path);
  const plan = planOf({ fields: [field], nativeTypes });
  await begin(session, plan);
  await loadPart(session, { plan, read: batches({ rows, columns: [column], bytes: 100 }) });
  const found = await query(
    path,
    `SELECT CAST("${field.name}" AS VARCHAR) AS value, _airbyte_meta AS meta FROM orders ORDER BY _airbyte_raw_id`,
  );
  return found.map(({ value, meta }): Outcome => {
    const { changes } = JSON.parse(String(meta)) as { changes: { change: string; reason: string }[] };
    const text = value === null ? null : String(value);
    const [change] = changes;
    if (change === undefined) return text;
    return { value: text, change: `${change.change} ${change.reason}` };
  });
}

const text = (...values: readonly (string | null)[]): Column => ({ form: "text", values });
const json = (...values: readonly JsonValue[]): Column => ({ form: "json", values });

const WRONG = { value: null, change: "NULLED DESTINATION_SERIALIZATION_ERROR" };
const LARGE = { value: null, change: "NULLED DESTINATION_FIELD_SIZE_LIMITATION" };
const cut = (value: string): Outcome => ({ value, change: "TRUNCATED DESTINATION_FIELD_SIZE_LIMITATION" });

interface Case {
  readonly kind: FieldKind;
  readonly parts?: Partial<Field>;
  readonly column: Column;
  readonly nativeTypes?: boolean;
  readonly expected: readonly Outcome[];
}

const CASES: Readonly<Record<string, Case>> = {
  "integers to the edge of 64 bits": {
    kind: "integer",
    column: text(
      "0",
      "-1",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "1.5",
      null,
      "007",
    ),
    expected: ["0", "-1", "9223372036854775807", "-9223372036854775808", LARGE, WRONG, null, "7"],
  },
  "integers as JSON": {
    kind: "integer",
    column: json(12, 12345678901234567890n, "5", 1.5, true, -999999999999999),
    expected: ["12", LARGE, "5", WRONG, WRONG, "-999999999999999"],
  },
  "decimals of 10 digits": {
    kind: "number",
    parts: { precision: 10, scale: 2 },
    column: text(
      "1.5",
      "-0.005",
      "99999999.99",
      "99999999.995",
      "100000000",
      "NaN",
      "1e3",
      "1e-9",
      "x",
      "-99999999.99",
    ),
    expected: [
      "1.50",
      cut("-0.01"),
      "99999999.99",
      LARGE,
      LARGE,
      WRONG,
      "1000.00",
      cut("0.00"),
      WRONG,
      "-99999999.99",
    ],
  },
  "decimals of 4, 9, 18 and 38 digits: the first": {
    kind: "number",
    parts: { precision: 4, scale: 1 },
    column: text("999.9", "-999.9", "1000", "0.25"),
    expected: ["999.9", "-999.9", LARGE, cut("0.3")],
  },
  "decimals of 9 digits": {
    kind: "number",
    parts: { precision: 9, scale: 0 },
    column: text("999999999", "-999999999", "1000000000"),
    expected: ["999999999", "-999999999", LARGE],
  },
  "decimals of 18 digits": {
    kind: "number",
    parts: { precision: 18, scale: 4 },
    column: text("99999999999999.9999", "-99999999999999.9999", "123456789012.1234", "100000000000000"),
    expected: ["99999999999999.9999", "-99999999999999.9999", "123456789012.1234", LARGE],
  },
  "decimals of 38 digits": {
    kind: "number",
    parts: { precision: 38, scale: 0 },
    column: text("9".repeat(38), `-${"9".repeat(38)}`, `1${"0".repeat(38)}`, "-5"),
    expected: ["9".repeat(38), `-${"9".repeat(38)}`, LARGE, "-5"],
  },
  "numbers of unknown scale": {
    kind: "number",
    column: json(1.5, 0.1, new ExactNumber("0.12345678901"), "Infinity", 1e300, 1e-20, 12345678901234567890n),
    expected: [
      "1.500000000",
      "0.100000000",
      cut("0.123456789"),
      WRONG,
      LARGE,
      cut("0.000000000"),
      "12345678901234567890.000000000",
    ],
  },
  "doubles in a decimal column": {
    kind: "number",
    column: {
      form: "float64",
      values: Float64Array.of(1.5, Number.NaN, -0.25, 1e30),
      nulls: Uint8Array.of(0, 0, 1, 0),
    },
    expected: ["1.500000000", WRONG, null, LARGE],
  },
  booleans: {
    kind: "boolean",
    column: text("t", "f", "true", "false", "yes", null),
    expected: ["true", "false", "true", "false", WRONG, null],
  },
  "booleans as bytes": {
    kind: "boolean",
    column: { form: "boolean", values: Uint8Array.of(1, 0, 1), nulls: Uint8Array.of(0, 0, 1) },
    expected: ["true", "false", null],
  },
  dates: {
    kind: "date",
    column: text(
      "2024-02-29",
      "2023-02-29",
      "0044-03-15 BC",
      "12345-01-01",
      "infinity",
      "-infinity",
      "9999999-01-01",
      "today",
    ),
    expected: ["2024-02-29", WRONG, "0044-03-15 (BC)", "12345-01-01", "infinity", "-infinity", LARGE, WRONG],
  },
  "dates as days": {
    kind: "date",
    column: {
      form: "int64",
      values: BigInt64Array.of(0n, -719529n, 2_147_483_646n, 0n),
      nulls: Uint8Array.of(0, 0, 0, 1),
    },
    expected: ["1970-01-01", "0002-12-31 (BC)", "5881580-07-10", null],
  },
  "dates as days beyond what a date holds": {
    kind: "date",
    column: { form: "int64", values: BigInt64Array.of(1n, 2_147_483_647n, -3_000_000_000n) },
    expected: ["1970-01-02", LARGE, LARGE],
  },
  "timestamps with a zone": {
    kind: "timestamp_with_timezone",
    column: text(
      "2024-01-01 10:00:00.123456+02",
      "2024-01-01T10:00:00Z",
      "2024-01-01 10:00:00",
      "0044-03-15 10:00:00+00 BC",
      "infinity",
      "200000-01-10 04:00:54.775806+00",
      "294247-01-10 04:00:54.775807+00",
      "2024-01-01 10:00:00.1234567+00",
      "2024-13-01 00:00:00+00",
    ),
    expected: [
      "2024-01-01 08:00:00.123456+00",
      "2024-01-01 10:00:00+00",
      "2024-01-01 10:00:00+00",
      "0044-03-15 (BC) 10:00:00+00",
      "infinity",
      "200000-01-10 04:00:54.775806+00",
      LARGE,
      cut("2024-01-01 10:00:00.123456+00"),
      WRONG,
    ],
  },
  "timestamps as microseconds": {
    kind: "timestamp_without_timezone",
    column: {
      form: "int64",
      values: BigInt64Array.of(0n, -1n, 9_223_372_036_854_775_806n, -9_223_372_022_400_000_000n),
    },
    expected: [
      "1970-01-01 00:00:00",
      "1969-12-31 23:59:59.999999",
      "294247-01-10 04:00:54.775806",
      "290309-12-22 (BC) 00:00:00",
    ],
  },
  "timestamps as microseconds beyond what DuckDB holds": {
    kind: "timestamp_with_timezone",
    column: {
      form: "int64",
      values: BigInt64Array.of(
        5n,
        9_223_372_036_854_775_807n,
        -9_223_372_036_854_775_807n,
        -9_223_372_022_400_000_001n,
      ),
    },
    expected: ["1970-01-01 00:00:00.000005+00", LARGE, LARGE, LARGE],
  },
  times: {
    kind: "time_without_timezone",
    column: text("10:00:00.5", "24:00:00", "25:00:00", null),
    expected: ["10:00:00.5", "24:00:00", WRONG, null],
  },
  "times as microseconds": {
    kind: "time_without_timezone",
    column: { form: "int64", values: BigInt64Array.of(0n, 86_400_000_000n, 86_400_000_001n) },
    expected: ["00:00:00", "24:00:00", WRONG],
  },
  "times with a zone keep it": {
    kind: "time_with_timezone",
    column: text(
      "10:00:00+02",
      "10:00:00.5-15:59:59",
      "10:00:00+05:30",
      "10:00:00Z",
      "10:00:00+16",
      "10:00:00",
    ),
    expected: ["10:00:00+02", "10:00:00.5-15:59:59", "10:00:00+05:30", "10:00:00+00", WRONG, "10:00:00+00"],
  },
  texts: {
    kind: "string",
    column: text(
      "",
      "\\N",
      "NULL",
      "a\0b",
      "twelve bytes",
      "thirteen byte",
      "é",
      "naïve 😀 text",
      "half \ud800",
      null,
      " x ",
    ),
    expected: [
      "",
      "\\N",
      "NULL",
      "a\0b",
      "twelve bytes",
      "thirteen byte",
      "é",
      "naïve 😀 text",
      { value: "half \ufffd", change: "TRUNCATED DESTINATION_SERIALIZATION_ERROR" },
      null,
      " x ",
    ],
  },
  "texts as JSON": {
    kind: "string",
    column: json("x", 12, true, { a: [1] }, 12345678901234567890n),
    expected: ["x", "12", "true", '{"a":[1]}', "12345678901234567890"],
  },
  "JSON of every kind": {
    kind: "union",
    column: json({ a: 1 }, [1, "x"], "x", 12345678901234567890n, false, { half: "\ud800" }, null),
    expected: ['{"a":1}', '[1,"x"]', '"x"', "12345678901234567890", "false", WRONG, null],
  },
  "JSON as text": {
    kind: "object",
    column: text('{"a":  1, "a": 2}', "{bad", '{"nul":"\\u0000"}', '{"half":"\\ud800"}', "1e400"),
    expected: ['{"a":  1, "a": 2}', WRONG, '{"nul":"\\u0000"}', WRONG, "1e400"],
  },
  "native types: small integers": {
    kind: "integer",
    parts: { native: { system: "any", type: "int2" } },
    nativeTypes: true,
    column: text("32767", "-32768", "32768"),
    expected: ["32767", "-32768", LARGE],
  },
  "native types: doubles": {
    kind: "number",
    parts: { native: { system: "any", type: "float8" } },
    nativeTypes: true,
    column: text("0.1", "NaN", "-Infinity", "1e400", "1e-400", "x"),
    expected: ["0.1", "nan", "-inf", LARGE, cut("0.0"), WRONG],
  },
  "native types: uuids": {
    kind: "string",
    parts: { native: { system: "any", type: "uuid" } },
    nativeTypes: true,
    column: text("00000000-0000-0000-0000-000000000001", "FFFFFFFF-0000-4000-8000-000000000000", "no uuid"),
    expected: ["00000000-0000-0000-0000-000000000001", "ffffffff-0000-4000-8000-000000000000", WRONG],
  },
};

describe("values of a batch", () => {
  for (const [name, { kind, parts, column, nativeTypes, expected }] of Object.entries(CASES)) {
    test(name, async () => {
      const field: Field = { name: "v", kind, ...parts };
      expect(await stored(field, column, expected.length, nativeTypes)).toEqual(expected);
    });
  }

  test("a batch of many chunks with NULLs and changes here and there", async () => {
    const rows = 10_000;
    const values = Array.from({ length: rows }, (_, row) =>
      row % 7 === 0 ? null : row % 1000 === 1 ? "x" : String(row * 1_000_003),
    );
    const found = await stored({ name: "v", kind: "integer" }, { form: "text", values }, rows);
    expect(found).toEqual(values.map((value) => (value === "x" ? WRONG : value)));
  });

  test("changes and times the source gave go with their rows", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ fields: [{ name: "id", kind: "integer" }] });
    await begin(session, plan);
    const change = { field: "gone", change: "NULLED", reason: "SOURCE_RETRIEVAL_ERROR" } as const;
    const read = batches(
      { rows: 2, columns: [text("1", "2")], bytes: 1, changes: new Map([[1, [change]]]) },
      {
        rows: 1,
        columns: [text("3")],
        bytes: 1,
        emittedAt: Float64Array.of(Date.UTC(2020, 5, 1, 1, 2, 3, 45)),
      },
    );
    expect(await loadPart(session, { plan, read, sync: 7 })).toMatchObject({ written: 3, changed: 1 });
    expect(
      await query(
        path,
        "SELECT id, _airbyte_extracted_at AS at, _airbyte_meta AS meta FROM orders ORDER BY id",
      ),
    ).toEqual([
      { id: "1", at: "2024-01-01 00:00:00+00", meta: '{"sync_id":7,"changes":[]}' },
      {
        id: "2",
        at: "2024-01-01 00:00:00+00",
        meta: '{"sync_id":7,"changes":[{"field":"gone","change":"NULLED","reason":"SOURCE_RETRIEVAL_ERROR"}]}',
      },
      { id: "3", at: "2020-06-01 01:02:03.045+00", meta: '{"sync_id":7,"changes":[]}' },
    ]);
  });

  test("texts of 20 MB and more stay whole", async () => {
    const path = newPath();
    const session = await openSession(path);
    const plan = planOf({ fields: [{ name: "v", kind: "string" }] });
    await begin(session, plan);
    const long = "0123456789abcdef".repeat(1_500_000);
    const wide = "é".repeat(12_000_000);
    const read = batches({ rows: 2, columns: [text(long, wide)], bytes: 48_000_000 });
    await loadPart(session, { plan, read });
    const { createHash } = await import("node:crypto");
    const digest = (value: string): string => createHash("md5").update(value).digest("hex");
    expect(await query(path, "SELECT md5(v) AS md5 FROM orders ORDER BY _airbyte_raw_id")).toEqual([
      { md5: digest(long) },
      { md5: digest(wide) },
    ]);
  });

  test("columns that were widened take what their type allows", async () => {
    const path = newPath();
    await query(
      path,
      `CREATE TABLE orders (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMPTZ NOT NULL,
        _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, j JSON, h HUGEINT, t VARCHAR)`,
    );
    const session = await openSession(path);
    const plan = planOf({
      fields: [
        { name: "j", kind: "number" },
        { name: "h", kind: "integer" },
        { name: "t", kind: "date" },
      ],
    });
    expect(await begin(session, plan)).toEqual([]);
    const read = batches({
      rows: 3,
      columns: [
        text("007.5", "NaN", "1e400"),
        text("9223372036854775808", "-1", "1"),
        text("2024-01-01", "infinity", "x"),
      ],
      bytes: 1,
    });
    await loadPart(session, { plan, read });
    expect(await query(path, "SELECT j, h, t FROM orders ORDER BY _airbyte_raw_id")).toEqual([
      { j: "75e-1", h: "9223372036854775808", t: "2024-01-01" },
      { j: '"NaN"', h: "-1", t: "infinity" },
      { j: "1e400", h: "1", t: null },
    ]);
  });
});

/** Values that travel as CSV: canonical text and what a reader sees of it, or an error that asks for batches. */
const CSV: Readonly<
  Record<
    string,
    { readonly field: Partial<Field>; readonly good: readonly string[]; readonly bad: readonly string[] }
  >
> = {
  integer: {
    field: { kind: "integer" },
    good: ["0", "-9223372036854775808", "9223372036854775807"],
    bad: ["9223372036854775808", "x", ""],
  },
  decimal: {
    field: { kind: "number", precision: 20, scale: 4 },
    good: ["1.5", "-1234567890123456.1234", "0"],
    bad: ["NaN", "12345678901234567", "x", ""],
  },
  boolean: { field: { kind: "boolean" }, good: ["t", "f", "true", "false"], bad: ["x"] },
  date: {
    field: { kind: "date" },
    good: ["2024-02-29", "0001-01-01", "infinity", "-infinity"],
    bad: [
      "2023-02-29",
      "9999999-01-01",
      "today",
      "0044-03-15 BC",
      "12345-01-01",
      "2024-01-01x",
      "2024-01-01 10:00:00",
    ],
  },
  timestamptz: {
    field: { kind: "timestamp_with_timezone" },
    good: [
      "2024-01-01 10:00:00.123456+02",
      "2024-01-01 10:00:00+00",
      "infinity",
      "-infinity",
      "1800-01-01 00:00:00-00:53:28",
    ],
    bad: [
      "0044-03-15 10:00:00+00 BC",
      "12345-01-01 00:00:00+00",
      "294276-12-31 00:00:00+00",
      "x",
      "2024-13-01 00:00:00+00",
      "",
    ],
  },
  timestamp: {
    field: { kind: "timestamp_without_timezone" },
    good: ["2024-01-01 10:00:00.123456", "infinity"],
    bad: ["0044-03-15 10:00:00 BC", "294276-12-31 00:00:00", "x"],
  },
  time: {
    field: { kind: "time_without_timezone" },
    good: ["10:00:00.5", "24:00:00"],
    bad: ["25:00:00", "x", "10:00:00 BC", "10:00:00+02", "10:00:00.1234567"],
  },
  timetz: {
    field: { kind: "time_with_timezone" },
    good: ["10:00:00+02", "10:00:00.5-15:59:59", "10:00:00+05:30", "24:00:00+00"],
    bad: ["x", "10:00:00+17", "", "10:00:00+02 BC"],
  },
  text: { field: { kind: "string" }, good: ["x", " x ", "é😀", "NULL", "a\0b"], bad: ["\ud800"] },
  json: {
    field: { kind: "object" },
    good: ["[]", "12345678901234567890123", "1e400"],
    bad: ["{bad", "x"],
  },
};

describe("values of the csv route", () => {
  for (const [name, { field: parts, good, bad }] of Object.entries(CSV)) {
    const field = { name: "v", kind: "string", ...parts } as Field;

    test(`${name}: the same as by batch`, async () => {
      const path = newPath();
      const session = await openSession(path);
      const plan = planOf({ fields: [{ name: "n", kind: "integer" }, field] });
      await begin(session, plan);
      const lines = good.map((value, row) => `${row},${value}\n`).join("");
      await loadPart(session, { plan, read: bytes([lines], good.length) });
      const read = batches({
        rows: good.length,
        columns: [text(...good.map((_, row) => String(row))), text(...good)],
        bytes: 1,
      });
      await loadPart(session, { plan, read });
      const found = await query(
        path,
        "SELECT n, CAST(v AS VARCHAR) AS v FROM orders ORDER BY n, _airbyte_raw_id",
      );
      for (let row = 0; row < good.length; row++) {
        const [csv, batch] = found.slice(2 * row);
        expect(csv?.["v"]).toEqual(batch?.["v"]);
        expect(csv?.["v"]).not.toBeNull();
      }
      expect(found).toHaveLength(2 * good.length);
    });

    for (const value of bad.filter((item) => item.isWellFormed())) {
      test(`${name}: ${JSON.stringify(value)} is refused, not changed`, async () => {
        const session = await openSession(newPath());
        const plan = planOf({ fields: [{ name: "n", kind: "integer" }, field] });
        await begin(session, plan);
        const read = bytes([`1,${value}\n`], 1);
        const error = await loadPart(session, { plan, read }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(WeirError);
        expect((error as WeirError).failure).toMatchObject({
          code: "destination.bytes_refused",
          recovery: "skip",
        });
        const { failure } = error as WeirError;
        // What the value is belongs to the user, not into a log.
        if (value.length > 2) expect(JSON.stringify(failure)).not.toContain(value);
      });
    }
  }
});
