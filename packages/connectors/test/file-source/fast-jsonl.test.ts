import { fuzzed, fuzzInputs, seededRandom } from "@weir/kit/testing";
import { failureOf, type FieldKind, SCALAR_KINDS, type WireColumn } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { Check } from "../../src/file/source/as-it-is/check.ts";
import { fastJsonl } from "../../src/file/source/as-it-is/fast-jsonl.ts";
import { jsonlTable } from "../../src/file/source/as-it-is/jsonl.ts";

function column(name: string, kind: FieldKind, type = ""): WireColumn {
  return { field: { name, kind }, type };
}

/** One of each kind, decimals of two scales, and a name longer than the 16 bytes that are compared at a time. */
const COLUMNS = [
  ...SCALAR_KINDS.map((kind) => column(kind.slice(0, 22), kind)),
  column("price", "number", "DECIMAL(38,2)"),
  column("x", "string"),
  column("whole", "number", "DECIMAL(38,0)"),
];

const VALUES: Readonly<Record<string, string>> = {
  string: '"a text of more than sixteen bytes, with \\"escapes\\" and ü"',
  boolean: "true",
  integer: "-123456789012345",
  number: "-0.25",
  date: '"2024-12-31"',
  timestamp_with_timezone: '"2024-01-02T23:04:05.123456+05:30"',
  timestamp_without_timezone: '"2024-01-02 03:04:05"',
  time_with_timezone: '"10:11:12.5Z"',
  time_without_timezone: '"23:59:59"',
};

const USUAL = COLUMNS.map(({ field, type }) => (type.endsWith(",0)") ? "-7" : (VALUES[field.kind] ?? "")));

/** The usual row with another value in the first column of a kind. */
function withValue(kind: FieldKind, value: string): readonly string[] {
  return USUAL.with(
    COLUMNS.findIndex(({ field }) => field.kind === kind),
    value,
  );
}

function line(values: readonly string[], blank = "", end = "\n"): string {
  const members = values.map((value, at) => `${JSON.stringify(COLUMNS[at]?.field.name)}:${blank}${value}`);
  return `{${members.join(`,${blank}`)}}${end}`;
}

const TABLE = jsonlTable(COLUMNS);

/** Made once for each spacing: 30,000 modules take minutes. */
const [CLOSE, SPACED] = ["", " "].map((blank) => fastJsonl(COLUMNS, Buffer.from(line(USUAL, blank))));

interface Found {
  readonly rows: number;
  readonly failure: string | undefined;
}

/** What is found in the bytes when they come in pieces of some length. */
function found(input: Uint8Array, piece: number, isFast: boolean): Found {
  const isSpaced = Buffer.from(input.subarray(0, 40)).includes(": ");
  const fast = isFast ? () => (isSpaced ? SPACED : CLOSE) : undefined;
  const check = new Check("a.jsonl", TABLE, 0, fast);
  try {
    for (let at = 0; at < input.length; at += piece) check.push(input.subarray(at, at + piece));
    check.end();
    return { rows: check.rows, failure: undefined };
  } catch (error) {
    const { code, message } = failureOf(error, "source");
    return { rows: check.rows, failure: `${code} ${message}` };
  }
}

function expectSame(input: Uint8Array, piece = input.length + 1): void {
  const [slow, fast] = [found(input, piece, false), found(input, piece, true)];
  if (slow.rows === fast.rows && slow.failure === fast.failure) return;
  expect({ ...fast, input: Buffer.from(input).toString("latin1"), piece }).toEqual(slow);
}

/** Texts at the edges of what a kind may be. */
const WORDS = ["null", "nul", "nullx", "true", "false", "fals", "truE", "{}", "[]", "", " 1", "1 "];
const NUMBERS = [
  "0 -0 00 01 -1 -01 --1 +1 - 1. .5 -.5 0. -0.0 -0.5 1e3 0e1 1..2 0.1- 1/ 1: 123.4567.8".split(" "),
  "12345678901234.5 1234567890123.45 12345678901234.56 9223372036854775807".split(" "),
  [1, 2, 9, 10, 14, 15, 16, 17, 18, 19].flatMap((count) => {
    const digits = "1234567890123456789".slice(0, count);
    const zeros = "0".repeat(count);
    return [digits, `-${digits}`, `${digits}.0`, `0.${digits}`, `${digits}.12`, `-1.${digits}`, `1.${zeros}`];
  }),
].flat();
const ENDS = [
  "",
  "\u007f",
  "\u0080",
  "\u{1f389}",
  "\\",
  '\\"',
  "\\\\",
  "\\/",
  "\\n",
  "\\u0041",
  "\\x",
  "\0",
  "\u001f",
  '"',
];
const STRINGS = Array.from({ length: 36 }, (_, count) =>
  ENDS.map((end) => `"${"x".repeat(count)}${end}"`),
).flat();
const DATES = [
  "0000-01-01 0001-01-01 9999-12-31 10000-01-01 2024-00-01 2024-13-01 2024-19-01 2024-12-00 2024-12-32".split(
    " ",
  ),
  "2024-12-39 2024-02-30 2024/01/01 2024-1-1 2024-01-0a 2024-01-01T infinity".split(" "),
].flat();
const CLOCKS = "00:00:00 23:59:59 24:00:00 29:00:00 12:60:00 12:00:60 1:2:3 12:00 12:00:00.".split(" ");
const ZONES = "Z z +00 -15 +16 +19 +1 +05:30 +05:60 +05:3 +0530 +05:30:00".split(" ");
const TIMES = CLOCKS.flatMap((clock) =>
  ["", ".1", ".123456", ".1234567", ".x"].flatMap((fraction) =>
    ["", " Z", ...ZONES].map((zone) => `${clock}${fraction}${zone}`),
  ),
);

const TEXTS = [
  ...STRINGS,
  ...[...WORDS, ...NUMBERS, ...DATES, ...TIMES].flatMap((text) => [text, `"${text}"`]),
  ...TIMES.flatMap((text) => [`"2024-02-29T${text}"`, `"2024-02-29 ${text}"`, `"2024-02-29x${text}"`]),
];

describe("the fast look at lines of JSON", () => {
  it.each([
    ["", "\n"],
    [" ", "\n"],
    ["", "\r\n"],
    [" ", "\r\n"],
  ])("knows usual rows itself, with %j between and %j at the end", (blank, end) => {
    const rows = [
      USUAL,
      USUAL.map(() => "null"),
      withValue("integer", "0"),
      withValue("number", "123456.789012345"),
      withValue("string", '""'),
      withValue("date", '"0001-02-29"'),
    ];
    const bytes = Buffer.from(rows.map((row) => line(row, blank, end)).join(""));
    const fast = fastJsonl(COLUMNS, bytes);
    fast?.put(bytes);
    expect([fast?.run(0), fast?.rows()]).toEqual([bytes.length, rows.length]);
    expect(fast?.run(line(USUAL, blank, end).length + 1)).toBe(line(USUAL, blank, end).length + 1);
  });

  it("takes and refuses the hostile values that the automaton does, in each column", () => {
    for (const at of COLUMNS.keys())
      for (const text of TEXTS)
        expectSame(Buffer.from(line(USUAL) + line(USUAL.with(at, text)) + line(USUAL)));
    expect(TEXTS.length).toBeGreaterThan(2000);
  }, 120_000);

  it("takes and refuses each byte at each place as the automaton does", () => {
    const row = Buffer.from(line(USUAL));
    for (let at = 0; at < row.length; at += 1) {
      for (let byte = 0; byte < 256; byte += byte >= 0x7f ? 0x1f : 1) {
        const changed = Buffer.from(row);
        changed[at] = byte;
        expectSame(changed);
      }
    }
  }, 120_000);

  it("does so when rows are cut anywhere", () => {
    const bytes = Buffer.from(
      line(USUAL) + line(USUAL, " ") + line(USUAL, "", "\r\n") + "{}\n" + line(USUAL).trimEnd(),
    );
    for (let piece = 1; piece <= bytes.length; piece += 1) expectSame(bytes, piece);
    for (let end = 0; end < bytes.length; end += 1) expectSame(bytes.subarray(0, end));
  });

  it("counts what fills its memory several times", () => {
    const rows = [
      line(USUAL),
      line(withValue("integer", "1234567890123456")),
      line(withValue("string", `"${"ü".repeat(3000)}"`)),
    ];
    const bytes = Buffer.from(rows.join("").repeat(200));
    expect(found(bytes, 1_000_000, true)).toEqual({ rows: 600, failure: undefined });
    expectSame(bytes, 262_144);
    expectSame(Buffer.concat([bytes, Buffer.from("{"), bytes]), 262_144);
  });

  it("finds in random bytes what the automaton finds", () => {
    const corpus = [
      line(USUAL) + line(USUAL.map(() => "null")) + line(USUAL),
      line(USUAL, " ") + line(USUAL, " "),
      line(USUAL.slice(0, 3)) + line(USUAL) + "{}\n",
    ];
    const tokens = [
      ...TEXTS,
      "\n",
      "\r\n",
      "}",
      "{",
      ",",
      ":",
      '"',
      "\\",
      "\0",
      "}\n",
      "}\r\n",
      ...COLUMNS.map(({ field }) => `"${field.name}":`),
    ];
    const random = seededRandom(7);
    const outcomes = new Map<boolean, number>();
    for (const input of fuzzed({ corpus, tokens, seed: 11, inputs: 20 * fuzzInputs() })) {
      const piece = random() < 0.5 ? input.length + 1 : 1 + Math.floor(random() * 300);
      expectSame(input, piece);
      const isGood = found(input, piece, true).failure === undefined;
      outcomes.set(isGood, (outcomes.get(isGood) ?? 0) + 1);
    }
    expect(outcomes.get(true)).toBeGreaterThan(10);
    expect(outcomes.get(false)).toBeGreaterThan(10);
  }, 1_500_000);
});
