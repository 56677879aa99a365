import { ExactNumber } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { parseExact } from "../../src/http/json.ts";

const exact = (text: string): ExactNumber => new ExactNumber(text);

describe("JSON with exact numbers", () => {
  test.each([
    ['{"a":1.0,"b":1e5,"c":10.00}', { a: exact("1.0"), b: exact("1e5"), c: exact("10.00") }],
    ['{"a": 1.5, "b": 1.05, "c": 0.1e1}', { a: 1.5, b: 1.05, c: exact("0.1e1") }],
    ["[9007199254740991, 9007199254740993]", [9007199254740991, 9007199254740993n]],
    ["[-12345678901234567890]", [-12345678901234567890n]],
    ["[1234567890123456.75, 12345678901234567.5]", [1234567890123456.75, exact("12345678901234567.5")]],
    ['{\n  "a":\n   1.0\n}', { a: exact("1.0") }],
    ["1.0", exact("1.0")],
    [" 12345678901234567890 ", 12345678901234567890n],
    [
      '{"t":"at 1.0, 2.0","d":"2024-01-01T00:00:00.000Z"}',
      { t: "at 1.0, 2.0", d: "2024-01-01T00:00:00.000Z" },
    ],
    ["\ufeff[1]", [1]],
  ])("%s", (text, value) => {
    expect(parseExact(text)).toEqual(value);
  });

  test("words of Python's json outside of strings", () => {
    expect(parseExact('{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN, Infinity"}')).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity],
      c: "NaN, Infinity",
    });
  });

  test.each(["", "{", "{'a': 1}", "[NaNa]", "undefined", '{"a": 01}'])("%j is no JSON", (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  });

  test("a key __proto__ is a key", () => {
    const value = parseExact('{"__proto__": {"x": 1}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(value["x"]).toBeUndefined();
  });
});
