import type { JsonValue } from "../src/index.ts";
import { ExactNumber, parseJson, stringifyJson } from "../src/index.ts";
import { describe, expect, test } from "vitest";

const exact = (text: string): ExactNumber => new ExactNumber(text);

describe("numbers", () => {
  test.each<[string, JsonValue]>([
    ["0", 0],
    ["-12", -12],
    ["1.50", 1.5],
    ["1e3", 1000],
    ["1E+2", 100],
    ["0.1", 0.1],
    ["0.30000000000000004", 0.30000000000000004],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["5e-324", Number.MIN_VALUE],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740993", -9007199254740993n],
    ["1714557600000000", 1714557600000000],
    ["1234567890123456789012345678901234567890", 1234567890123456789012345678901234567890n],
    ["-99999999999999999999", -99999999999999999999n],
    ["0.1234567890123456789", exact("0.1234567890123456789")],
    ["-12345678901234567890.5", exact("-12345678901234567890.5")],
    ["9007199254740993.0", exact("9007199254740993.0")],
    ["1e400", exact("1e400")],
    ["-1e-400", exact("-1e-400")],
    ["1.00000000000000000000001e5", exact("1.00000000000000000000001e5")],
    ["1.000000000000000000000000", 1],
    ["1e21", 1e21],
    ["0e999", 0],
  ])("%s, wherever it stands", (source, value) => {
    expect(parseJson(source)).toEqual(value);
    for (const [open, close] of [
      ['{"n":', "}"],
      ['{"n": ', "}"],
      ['{"n":\n\t', "\n}"],
      ["[", "]"],
      ["[ ", " ]"],
      ["[1,", "]"],
      ["[1, ", ",2]"],
      ['{"a":"\\"","n":', "}"],
      ["\n[", "]"],
      ['[{"x":[', "]}]"],
    ] as const) {
      const text = open + source + close;
      const flat = JSON.stringify(parseJson(text), (_key, member: unknown) =>
        typeof member === "bigint" ? `big ${member}` : member,
      );
      const plain = typeof value === "bigint" ? `"big ${value}"` : JSON.stringify(value);
      expect(flat, text).toContain(plain);
    }
  });

  test("in strings are left alone, and ordinary texts parse as JSON.parse does", () => {
    for (const text of [
      '{"id":"3e7a1b2c-1234567890123456789","n":1}',
      '{"a":": 1e400","b":[", 12345678901234567890"]}',
      '"12345678901234567890"',
      '{"at":"2024-05-01T10:00:00.123456","x":[1, 2.5, -3],  "y" : null}',
      "[]",
      "{}",
      '""',
      "true",
      " [ 1 ] ",
    ]) {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }
  });

  test("beside each other are each kept exact", () => {
    const text = '{"a":1.5,"b":12345678901234567890,"c":[0.1234567890123456789,7,{"d":1e-400}],"e":"1e400"}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test("a million digits round trip", () => {
    const text = `[${"7".repeat(1_000_000)}]`;
    expect(stringifyJson(parseJson(text))).toBe(text);
  });
});

describe("text", () => {
  test.each(["", "{", "nul", '{"a":1e}', "[1,]", "01", "1e400x", '{"n":12345678901234567890,}'])(
    "refuses %j",
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  test("members that are undefined are left out, __proto__ is a name like any other", () => {
    expect(stringifyJson({ a: undefined, b: 1n, c: undefined })).toBe('{"b":1}');
    const text = '{"__proto__":{"x":12345678901234567890}}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });
});
