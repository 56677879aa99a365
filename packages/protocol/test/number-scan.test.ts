import { describe, expect, test } from "vitest";
import { mayRound, parseJson } from "../src/index.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const line = (value: string): string => `{"type":"RECORD","record":{"data":{"n":${value},"t":"x"}}}`;

/** The same numbers every time, of every length and place. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("numbers that a double may change are never missed", () => {
  test.each([
    "9007199254740993",
    "-9007199254740993",
    "1234567890123456789012345678901234567890",
    "0.1234567890123456789",
    "1.00000000000000000001",
    "1e400",
    "-1E-400",
    "12345678901234.5e3",
    `${"1".repeat(300)}.5`,
  ])("%s, at each place of a block", (number) => {
    for (let indent = 0; indent < 40; indent += 1) {
      for (const blank of ["", " ", "  ", "\t"]) {
        const text = `{"${"k".repeat(indent)}":${blank}${number}}`;
        expect(mayRound(bytes(text)), text).toBe(true);
      }
      expect(mayRound(bytes(`{"k":[${"1,".repeat(indent)}${number}]}`))).toBe(true);
    }
  });

  test("across the border of what is looked at in one go", () => {
    for (let place = -45; place < 45; place += 1) {
      const head = `{"k":"${"x".repeat(262_144 + place - 12)}","n":`;
      expect(mayRound(bytes(`${head}9007199254740993}`)), String(place)).toBe(true);
      expect(mayRound(bytes(`${head}1e400}`)), String(place)).toBe(true);
      expect(mayRound(bytes(`${head}12345}`)), String(place)).toBe(false);
    }
  });

  test("random lines: what the look leaves to JSON.parse is exact", () => {
    const random = randomOf(7);
    const pieces = [
      "1",
      "0",
      "98765",
      "123456789012345",
      ".",
      "e",
      "E",
      "-",
      "+",
      '"',
      ",",
      ":",
      "[",
      "]",
      " ",
    ];
    let plain = 0;
    let looked = 0;
    for (let round = 0; round < 200_000; round += 1) {
      const number = Array.from(
        { length: 1 + Math.floor(random() * 6) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join("");
      const text = `{"${"k".repeat(Math.floor(random() * 20))}":${number}}`;
      let value: unknown;
      try {
        value = parseJson(text);
      } catch {
        continue;
      }
      looked += 1;
      if (mayRound(bytes(text))) continue;
      plain += 1;
      expect(JSON.parse(text), text).toEqual(value);
    }
    expect(looked).toBeGreaterThan(5000);
    expect(plain).toBeGreaterThan(looked / 2);
  });
});

describe("lines without such numbers are let through", () => {
  test.each([
    ["short numbers", line("12345678901234")],
    ["a time in milliseconds", line("1700000000000")],
    ["digits of a text", line('"12345678901234567890123456789012345678901234567890"')],
    ["an id in hexadecimal", line('"3e7f1e2a-4e5d-4b1e-9e0f-1e2e3e4e5e6e"')],
    ["a price", line("1.75")],
    ["nothing", ""],
  ])("%s", (_name, text) => {
    expect(mayRound(bytes(text))).toBe(false);
  });

  test("of too many ids in hexadecimal it says what costs less to find out line by line", () => {
    expect(mayRound(bytes(line(`"${"3e7".repeat(1000)}"`)))).toBe(true);
  });
});
