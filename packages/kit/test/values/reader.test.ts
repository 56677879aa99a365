import { hasNul, isMisfit, jsonTrouble, textReader } from "../../src/values/index.ts";
import type { Column, FieldKind } from "@weir/protocol";
import { parseJson } from "@weir/protocol";
import { describe, expect, test } from "vitest";

const WRONG = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };
const LARGE = { change: "NULLED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text: null };
const cut = (text: string) => ({ change: "TRUNCATED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text });

const KINDS: readonly FieldKind[] = [
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

function read(column: Column, kind: FieldKind, row = 0): unknown {
  return textReader(column, kind)(row);
}

const text = (value: string): Column => ({ form: "text", values: [value] });
const json = (value: string): Column => ({ form: "json", values: [parseJson(value)] });
const int64 = (value: bigint): Column => ({ form: "int64", values: BigInt64Array.of(value) });
const float64 = (value: number): Column => ({ form: "float64", values: Float64Array.of(value) });

/** For one column, what each kind must give; kinds not named must refuse it as a wrong type. */
type Case = readonly [name: string, column: Column, expected: Partial<Record<FieldKind, unknown>>];

const everyJson = (value: string) => ({ object: value, array: value, union: value, unknown: value });

const CASES: readonly Case[] = [
  [
    "boolean",
    { form: "boolean", values: Uint8Array.of(1) },
    { string: "true", boolean: "true", union: "true", unknown: "true" },
  ],
  [
    "int64 0",
    int64(0n),
    {
      string: "0",
      integer: "0",
      number: "0",
      date: "1970-01-01",
      timestamp_with_timezone: "1970-01-01 00:00:00+00",
      timestamp_without_timezone: "1970-01-01 00:00:00",
      time_without_timezone: "00:00:00",
      union: "0",
      unknown: "0",
    },
  ],
  [
    "int64 minimum",
    int64(-(2n ** 63n)),
    {
      string: "-9223372036854775808",
      integer: "-9223372036854775808",
      number: "-9223372036854775808",
      date: LARGE,
      timestamp_with_timezone: "290309-12-21 19:59:05.224192+00 BC",
      timestamp_without_timezone: "290309-12-21 19:59:05.224192 BC",
      union: "-9223372036854775808",
      unknown: "-9223372036854775808",
    },
  ],
  ["float64", float64(1.5), { string: "1.5", number: "1.5", union: "1.5", unknown: "1.5" }],
  ["float64 whole", float64(3), { string: "3", integer: "3", number: "3", union: "3", unknown: "3" }],
  [
    "float64 1e21",
    float64(1e21),
    { string: "1e+21", integer: "1000000000000000000000", number: "1e+21", union: "1e+21", unknown: "1e+21" },
  ],
  ["float64 NaN", float64(Number.NaN), { string: "NaN", number: "NaN" }],
  ["float64 -Infinity", float64(-Infinity), { string: "-Infinity", number: "-Infinity" }],
  ["text number", text("-12"), { string: "-12", integer: "-12", number: "-12", ...everyJson("-12") }],
  ["text decimal", text("1.50"), { string: "1.50", number: "1.50", ...everyJson("1.50") }],
  ["text boolean", text("t"), { string: "t", boolean: "true" }],
  ["text NaN", text("NaN"), { string: "NaN", number: "NaN" }],
  ["text JSON", text('{"a": 1}'), { string: '{"a": 1}', ...everyJson('{"a": 1}') }],
  ["text JSON null", text("null"), { string: "null", ...everyJson("null") }],
  ["text broken JSON", text('{"a": 1'), { string: '{"a": 1' }],
  [
    "text date",
    text("2024-02-29"),
    {
      string: "2024-02-29",
      date: "2024-02-29",
      timestamp_with_timezone: "2024-02-29 00:00:00+00",
      timestamp_without_timezone: "2024-02-29 00:00:00",
    },
  ],
  ["text today", text("today"), { string: "today" }],
  [
    "text infinity",
    text("infinity"),
    {
      string: "infinity",
      date: "infinity",
      timestamp_with_timezone: "infinity",
      timestamp_without_timezone: "infinity",
    },
  ],
  [
    "text timestamp with zone",
    text("2024-02-29T23:30:00.25-02:00"),
    {
      string: "2024-02-29T23:30:00.25-02:00",
      date: cut("2024-02-29"),
      timestamp_with_timezone: "2024-02-29T23:30:00.25-02:00",
      timestamp_without_timezone: "2024-02-29 23:30:00.25",
    },
  ],
  [
    "text timestamp with nanoseconds",
    text("2024-02-29 00:00:00.123456789Z"),
    {
      string: "2024-02-29 00:00:00.123456789Z",
      date: cut("2024-02-29"),
      timestamp_with_timezone: cut("2024-02-29 00:00:00.123456+00"),
      timestamp_without_timezone: cut("2024-02-29 00:00:00.123456"),
    },
  ],
  [
    "text midnight",
    text("2024-02-29T00:00:00.000000000Z"),
    {
      string: "2024-02-29T00:00:00.000000000Z",
      date: "2024-02-29",
      timestamp_with_timezone: "2024-02-29 00:00:00+00",
      timestamp_without_timezone: "2024-02-29 00:00:00",
    },
  ],
  [
    "text time",
    text("10:30"),
    { string: "10:30", time_with_timezone: "10:30:00+00", time_without_timezone: "10:30:00" },
  ],
  [
    "text time with zone",
    text("10:30:00.5-05:30"),
    {
      string: "10:30:00.5-05:30",
      time_with_timezone: "10:30:00.5-05:30",
      time_without_timezone: "10:30:00.5",
    },
  ],
  ["json true", json("true"), { string: "true", boolean: "true", union: "true", unknown: "true" }],
  ["json word true", json('"true"'), { string: "true", boolean: "true", union: '"true"', unknown: '"true"' }],
  ["json 1", json("1"), { string: "1", integer: "1", number: "1", union: "1", unknown: "1" }],
  ["json 1.0", json("1.0"), { string: "1", integer: "1", number: "1", union: "1", unknown: "1" }],
  [
    "json 40 digits",
    json("1234567890123456789012345678901234567890"),
    Object.fromEntries(
      ["string", "integer", "number", "union", "unknown"].map((kind) => [
        kind,
        "1234567890123456789012345678901234567890",
      ]),
    ),
  ],
  [
    "json exact decimal",
    json("0.1000000000000000055511151231257827"),
    Object.fromEntries(
      ["string", "number", "union", "unknown"].map((kind) => [kind, "0.1000000000000000055511151231257827"]),
    ),
  ],
  [
    "json exact whole",
    json("12345678901234567890.0e1"),
    {
      string: "12345678901234567890.0e1",
      integer: "123456789012345678900",
      number: "12345678901234567890.0e1",
      union: "12345678901234567890.0e1",
      unknown: "12345678901234567890.0e1",
    },
  ],
  [
    "json beyond doubles",
    json("1e5000"),
    { string: "1e5000", integer: LARGE, number: "1e5000", union: "1e5000", unknown: "1e5000" },
  ],
  [
    "json digits in text",
    json('"+007"'),
    { string: "+007", integer: "007", number: "007", union: '"+007"', unknown: '"+007"' },
  ],
  ["json blank text", json('" 1"'), { string: " 1", union: '" 1"', unknown: '" 1"' }],
  [
    "json object",
    json('{"n":1e400,"i":12345678901234567890}'),
    {
      string: '{"n":1e400,"i":12345678901234567890}',
      object: '{"n":1e400,"i":12345678901234567890}',
      union: '{"n":1e400,"i":12345678901234567890}',
      unknown: '{"n":1e400,"i":12345678901234567890}',
    },
  ],
  [
    "json array",
    json("[1,[null]]"),
    { string: "[1,[null]]", array: "[1,[null]]", union: "[1,[null]]", unknown: "[1,[null]]" },
  ],
];

describe("textReader", () => {
  test.each(CASES)("%s against every kind", (_name, column, expected) => {
    for (const kind of KINDS) expect(read(column, kind), kind).toEqual(expected[kind] ?? WRONG);
  });

  test("NULL in every form is null for every kind", () => {
    const nulls = Uint8Array.of(1);
    const columns: readonly Column[] = [
      { form: "boolean", values: Uint8Array.of(1), nulls },
      { form: "int64", values: BigInt64Array.of(-1n), nulls },
      { form: "float64", values: Float64Array.of(Number.NaN), nulls },
      { form: "text", values: [null] },
      { form: "json", values: [null] },
      { form: "json", values: [undefined] },
    ];
    for (const column of columns) for (const kind of KINDS) expect(read(column, kind)).toBeNull();
  });

  test("each row its own value, in a view that does not begin with its buffer", () => {
    const values = new BigInt64Array([7n, 2n ** 62n, -(2n ** 53n) - 1n, -1n, 2n ** 53n, 5n]).subarray(1);
    const edges = [2n ** 31n - 1n, 2n ** 31n, -(2n ** 31n), -(2n ** 31n) - 1n, 2n ** 32n - 1n, 2n ** 32n, 0n];
    const edgeReader = textReader({ form: "int64", values: BigInt64Array.from(edges) }, "integer");
    expect(edges.map((_, row) => edgeReader(row))).toEqual(edges.map(String));
    const reader = textReader({ form: "int64", values, nulls: Uint8Array.of(0, 0, 0, 0, 1) }, "integer");
    expect([0, 1, 2, 3, 4].map(reader)).toEqual([
      "4611686018427387904",
      "-9007199254740993",
      "-1",
      "9007199254740992",
      null,
    ]);
  });

  test("a double is its own value, a number in JSON its text", () => {
    expect(read(float64(2 ** 60), "integer")).toBe("1152921504606846976");
    expect(read(json("1.152921504606847e18"), "integer")).toBe("1152921504606847000");
    expect(read(json("1e23"), "integer")).toBe("100000000000000000000000");
  });

  test("the text of a whole number with a fraction of zeros is that integer", () => {
    const found = ["10.00", "-0.0", "9223372036854775807.0", "1e3", "10.01", "NaN"].map((value) =>
      read(text(value), "integer"),
    );
    expect(found).toEqual(["10", "0", "9223372036854775807", "1000", WRONG, WRONG]);
    expect(read(json('"10.00"'), "integer")).toEqual(WRONG);
  });

  test("half a surrogate pair is replaced and marked", () => {
    const mended = { change: "TRUNCATED", reason: "DESTINATION_SERIALIZATION_ERROR", text: "a\ufffdb" };
    expect(read(text("a\ud800b"), "string")).toEqual(mended);
    expect(read({ form: "json", values: ["a\udc00b"] }, "string")).toEqual(mended);
    expect(read(text('"a\ud800b"'), "union")).toEqual({ ...mended, text: '"a\ufffdb"' });
    expect(read(text("a\u{1f600}b"), "string")).toBe("a\u{1f600}b");
    expect(isMisfit(read(text("a\ud800b"), "string"))).toBe(true);
    expect(isMisfit("")).toBe(false);
    expect(isMisfit(null)).toBe(false);
  });
});

describe("what PostgreSQL refuses in text", () => {
  test.each([
    [String.raw`{"a":"\u0000"}`, "nul"],
    [String.raw`{"a":"\\u0000"}`, undefined],
    [String.raw`{"a":"\\\u0000"}`, "nul"],
    [String.raw`"\ud83d\ude00"`, undefined],
    [String.raw`"\ud83d"`, "surrogate"],
    [String.raw`"\ud83d\u0041"`, "surrogate"],
    [String.raw`"\ud83d-\ude00"`, "surrogate"],
    [String.raw`"\ude00\ud83d"`, "surrogate"],
    [String.raw`"\ud83d\ud83d\ude00"`, "surrogate"],
    [String.raw`"\\ud83d"`, undefined],
    [String.raw`"\uD83D\uDE00 \n \u00e9"`, undefined],
  ])("%s", (value, trouble) => {
    JSON.parse(value);
    expect(jsonTrouble(value)).toBe(trouble);
  });

  test("NUL", () => {
    expect(hasNul("a\0b")).toBe(true);
    expect(hasNul("ab")).toBe(false);
  });
});
