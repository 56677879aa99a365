import { rowsOf } from "@weir/kit";
import { type ColumnBatch, type Encoding, ExactNumber, type FieldKind, stringifyJson } from "@weir/protocol";
import { expect, test } from "vitest";

function encodingOf(kinds: Readonly<Record<string, FieldKind>>): Encoding {
  const columns = Object.entries(kinds).map(([name, kind]) => ({ field: { name, kind }, type: "" }));
  return { format: "batch", columns, cost: 4 };
}

function records(batch: Omit<ColumnBatch, "bytes">, kinds: Readonly<Record<string, FieldKind>>): unknown[] {
  return [...rowsOf({ ...batch, bytes: 0 }, encodingOf(kinds))].map(({ data }) => data);
}

test("typed columns of every form", () => {
  const batch = {
    rows: 2,
    columns: [
      { form: "boolean", values: Uint8Array.of(1, 0) },
      { form: "int64", values: BigInt64Array.of(5n, 9_007_199_254_740_993n) },
      { form: "float64", values: Float64Array.of(0.5, 1e300), nulls: Uint8Array.of(1, 0) },
      { form: "int64", values: BigInt64Array.of(0n, 19_000n) },
      { form: "int64", values: BigInt64Array.of(1_600_000_000_000_001n, 0n) },
      { form: "text", values: ["a", null] },
    ],
  } as const;
  const kinds = {
    flag: "boolean",
    count: "integer",
    ratio: "number",
    day: "date",
    at: "timestamp_with_timezone",
    note: "string",
  } as const;
  expect(records(batch, kinds)).toEqual([
    { flag: true, count: 5, ratio: null, day: "1970-01-01", at: "2020-09-13 12:26:40.000001+00", note: "a" },
    {
      flag: false,
      count: 9_007_199_254_740_993n,
      ratio: 1e300,
      day: "2022-01-08",
      at: "1970-01-01 00:00:00+00",
      note: null,
    },
  ]);
});

test("canonical text becomes JSON values, numbers exact", () => {
  const values = {
    whole: ["007", "-123456789012345678901234567890"],
    decimal: ["00.10", "12345678901234567890.123456789"],
    special: ["NaN", "-Infinity"],
    flag: ["t", "false"],
    tree: ['{"a":[1,1.00000000000000000001]}', null],
  };
  const columns = Object.values(values).map((list) => ({ form: "text", values: list }) as const);
  const kinds = {
    whole: "integer",
    decimal: "number",
    special: "number",
    flag: "boolean",
    tree: "object",
  } as const;
  const [first, second] = records({ rows: 2, columns }, kinds);
  expect(first).toEqual({
    whole: 7,
    decimal: 0.1,
    special: "NaN",
    flag: true,
    tree: { a: [1, new ExactNumber("1.00000000000000000001")] },
  });
  expect(second).toEqual({
    whole: -123456789012345678901234567890n,
    decimal: new ExactNumber("12345678901234567890.123456789"),
    special: "-Infinity",
    flag: false,
    tree: null,
  });
  expect(stringifyJson(second as Parameters<typeof stringifyJson>[0])).toContain(
    '"whole":-123456789012345678901234567890,"decimal":12345678901234567890.123456789',
  );
});

test("a value that does not fit its field is null, with a change beside those made before", () => {
  const earlier = { field: "a", change: "TRUNCATED", reason: "SOURCE_FIELD_SIZE_LIMITATION" } as const;
  const batch: ColumnBatch = {
    rows: 2,
    columns: [
      { form: "json", values: ["text", 5n] },
      { form: "json", values: [undefined, { x: 1n }] },
    ],
    bytes: 0,
    emittedAt: Float64Array.of(10, 20),
    changes: new Map([[0, [earlier]]]),
  };
  const rows = [...rowsOf(batch, encodingOf({ a: "integer", b: "object" }))];
  expect(rows).toEqual([
    {
      data: { a: null, b: null },
      emittedAt: 10,
      changes: [earlier, { field: "a", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" }],
    },
    { data: { a: 5, b: { x: 1 } }, emittedAt: 20, changes: [] },
  ]);
});

test("a field named __proto__ is a field like any other", () => {
  const batch = { rows: 1, columns: [{ form: "json", values: [1] }] } as const;
  const [row] = records(batch, JSON.parse('{"__proto__":"integer"}') as Record<string, FieldKind>);
  expect(Object.entries(row as object)).toEqual([["__proto__", 1]]);
});

test("a batch without a column that was asked for is refused", () => {
  expect(() => records({ rows: 1, columns: [] }, { a: "string" })).toThrow(/no column for field "a"/);
});
