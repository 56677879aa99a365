import { parseDecimal, parseInteger, roundDecimal } from "../../src/values/index.ts";
import { describe, expect, test } from "vitest";
import { digits, seeded } from "./random.ts";

describe("parseInteger", () => {
  test("gives back integers of any length", () => {
    const next = seeded(1);
    for (let round = 0; round < 2000; round++) {
      const text = `${next() % 2 === 0 ? "-" : ""}${1 + (next() % 9)}${digits(next, next() % 60)}`;
      expect(parseInteger(text)?.toString()).toBe(text);
    }
    expect(parseInteger("9223372036854775807")).toBe(2n ** 63n - 1n);
    expect(parseInteger("+5")).toBe(5n);
    expect(parseInteger("-0")).toBe(0n);
  });

  test.each(["", "-", "+", "--1", "1.0", "1e3", " 1", "1 ", "0x10", "1_000", "١", "NaN", "1n"])(
    "refuses %j",
    (text) => {
      expect(parseInteger(text)).toBeUndefined();
    },
  );
});

describe("parseDecimal", () => {
  test.each([
    ["0", 0n, 0],
    ["-0.00", 0n, 2],
    ["1.50", 150n, 2],
    ["+1.5", 15n, 1],
    [".5", 5n, 1],
    ["5.", 5n, 0],
    ["-.5e3", -5n, -2],
    ["1e5", 1n, -5],
    ["1E-5", 1n, 5],
    ["12.34e+1", 1234n, 1],
    ["123456789012345678901234567890.123456789", 123456789012345678901234567890123456789n, 9],
  ])("%s", (text, unscaled, scale) => {
    expect(parseDecimal(text)).toEqual({ unscaled, scale });
  });

  test("agrees with the double nearest to the text", () => {
    const next = seeded(2);
    for (let round = 0; round < 2000; round++) {
      const text = `${next() % 2 === 0 ? "-" : ""}${digits(next, 1 + (next() % 12))}.${digits(next, 1 + (next() % 12))}e${(next() % 40) - 20}`;
      const value = parseDecimal(text);
      if (typeof value !== "object") throw new Error(`not read: ${text}`);
      expect(Number(`${value.unscaled}e${-value.scale}`)).toBe(Number(text) + 0);
    }
  });

  test.each(["NaN", "Infinity", "-Infinity"])("keeps %s", (text) => {
    expect(parseDecimal(text)).toBe(text);
  });

  test.each([
    "",
    ".",
    "-",
    "-.",
    "e5",
    "1e",
    "1e+",
    "1.2.3",
    "nan",
    "inf",
    "+Infinity",
    "0x1",
    "1,5",
    "1e5.0",
    " 1",
    "1e9999999999",
  ])("refuses %j", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});

describe("roundDecimal", () => {
  const round = (text: string, precision: number, scale: number) => {
    const value = parseDecimal(text);
    return typeof value === "object" ? roundDecimal(value, precision, scale) : undefined;
  };

  test("rounds half away from zero and says so", () => {
    expect(round("0.125", 38, 2)).toEqual({ unscaled: 13n, rounded: true });
    expect(round("-0.125", 38, 2)).toEqual({ unscaled: -13n, rounded: true });
    expect(round("0.1249", 38, 2)).toEqual({ unscaled: 12n, rounded: true });
    expect(round("0.1200", 38, 2)).toEqual({ unscaled: 12n, rounded: false });
    expect(round("7", 38, 9)).toEqual({ unscaled: 7_000_000_000n, rounded: false });
    expect(round("1e3", 4, 0)).toEqual({ unscaled: 1000n, rounded: false });
  });

  test("refuses what needs more digits, also when rounding makes it so", () => {
    expect(round("99.99", 4, 2)).toEqual({ unscaled: 9999n, rounded: false });
    expect(round("99.995", 4, 2)).toBeUndefined();
    expect(round("100", 4, 2)).toBeUndefined();
    expect(round("1e38", 38, 0)).toBeUndefined();
    expect(round("-1e37", 38, 0)).toEqual({ unscaled: -(10n ** 37n), rounded: false });
  });

  test("exponents beyond all measure take no memory", () => {
    expect(round("1e999999999", 38, 9)).toBeUndefined();
    expect(round("1e-999999999", 38, 9)).toEqual({ unscaled: 0n, rounded: true });
    expect(round("0e999999999", 38, 9)).toEqual({ unscaled: 0n, rounded: false });
  });
});
