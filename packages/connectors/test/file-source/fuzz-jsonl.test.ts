import { isUtf8 } from "node:buffer";
import { fuzzed, fuzzInputs } from "@weir/kit/testing";
import type { Encoding, FieldKind, JsonObject, JsonValue } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { readJsonl } from "../../src/file/source/jsonl.ts";
import { textOf } from "../../src/file/source/text.ts";
import { asUtc, FuzzedFile, type Outcome, plainNumber, take, type Taken } from "./fuzz.ts";
import { intoDuckdb } from "./same-rows.ts";
import { folderWith } from "./scene.ts";

const CORPUS = [
  '{"id":1,"name":"x","at":"2024-01-02T03:04:05Z"}\n{"id":2,"name":null,"at":"2024-01-02 03:04:05+02"}\n{"id":3}\n',
  '{"d":"2024-02-29","t":"10:11:12","n":1.50,"b":true}\r\n{"d":"0001-01-01","t":"00:00:00.25","n":-7,"b":false}\r\n',
  '{"i":9223372036854775807,"n":12345678901234567890.123456789}\n{"i":-1,"n":0}\n',
  '{"o":{"a":[1,{"b":null}]},"l":[],"u":1}\n{"o":{},"l":[1.10,"x"],"u":"1"}\n',
  '{"s":"\\u00e9\\ud83d\\ude00 \\"\\\\\\/\\b\\f\\n\\r\\t","ü":"\u{1f389}"}\n\n{"s":"","ü":""}\n',
  '\ufeff{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}',
  '{"a":1,"a":2}\n{"b":{"c":1,"c":2}}\n',
];

const TOKENS = [
  ...'{ } [ ] , : " \\'.split(" "),
  "\n",
  "\r\n",
  "\r",
  " ",
  "\t",
  "null",
  "true",
  "-0",
  "-0.0",
  "1e400",
  "-1e-400",
  "1.50",
  "0.1e",
  "01",
  "1E5",
  "1e21",
  "100000000000000000000",
  "9007199254740993",
  "123456789012345678901234567890123456789012345",
  "0.1000000000000000000000000000001",
  '"2024-02-30"',
  '"2024-02-29"',
  '"infinity"',
  "\\ud800",
  "\\u0000",
  "\u0000",
  "\ufeff",
  "\u00a0",
  "\u2028",
  "\u{1f389}",
  '"__proto__":1,',
  '"constructor":{},',
  '"_airbyte_meta":{},',
  '"id":"x",',
  '"a":1,',
  "[".repeat(1500),
  `${'{"a":'.repeat(600)}1${"}".repeat(600)}`,
  `${"[".repeat(999)}${"]".repeat(999)}`,
  "x".repeat(3000),
];

const RESERVED = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"];

interface Expected {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rejected: readonly (readonly [codes: readonly string[], line: number])[];
}

/** Numbers as texts that say which value they are: `#15e-1`. */
function parsed(text: string): unknown {
  const mark = (_key: string, value: unknown, { source = "" }: { readonly source?: string }): unknown =>
    typeof value === "number" ? `#${plainNumber(source)}` : value;
  return JSON.parse(text, mark as (key: string, value: unknown) => unknown);
}

/** What JSON.parse finds, line by line. */
function expectedOf(input: Uint8Array): Expected {
  const latin = Buffer.from(input)
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "");
  const rows: Readonly<Record<string, unknown>>[] = [];
  const rejected: (readonly [readonly string[], number])[] = [];
  for (const [at, line] of latin.split("\n").entries()) {
    const bytes = Buffer.from(line, "latin1");
    if (!isUtf8(bytes)) {
      rejected.push([["source.row_not_text"], at + 1]);
      continue;
    }
    if (/^[ \t\r]*$/.test(line)) continue;
    const deep = /^(?:[^[{]*[[{]){1000}/.test(line) ? ["source.row_too_deep"] : [];
    try {
      const value = parsed(bytes.toString("utf8"));
      if (deep.length > 0 && depthOf(value) > 1000) rejected.push([deep, at + 1]);
      else if (typeof value === "object" && value !== null && !Array.isArray(value))
        rows.push(value as Readonly<Record<string, unknown>>);
      else rejected.push([["source.row_not_object", ...deep], at + 1]);
    } catch {
      rejected.push([["source.row_not_json", ...deep], at + 1]);
    }
  }
  return { rows, rejected };
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let level: readonly unknown[] = [value]; ; depth++) {
    level = level.filter((item) => typeof item === "object" && item !== null).flatMap((item) => [item]);
    if (level.length === 0) return depth;
    level = level.flatMap((item) => Object.values(item as object));
  }
}

function expectSame(file: FuzzedFile, outcome: Outcome, { rows, rejected }: Expected, typed: boolean): void {
  if (outcome.code !== undefined) throw new Error(outcome.code);
  expect(outcome.counted).toBe(rows.length + rejected.length);
  expect(outcome.rejected.length).toBe(rejected.length);
  for (const [at, { code, record }] of outcome.rejected.entries()) {
    const [codes = [], line] = rejected[at] ?? [];
    expect([codes, line]).toEqual([codes.includes(code) ? codes : code, (record as JsonObject)["line"]]);
  }
  expect(outcome.rows.length).toBe(rows.length);
  for (const [at, row] of outcome.rows.entries()) {
    const line = rows[at] ?? {};
    const isLost = (name: string): boolean =>
      line[name] !== null && !RESERVED.includes(name) && !Object.hasOwn(row, name);
    if (Object.keys(line).some(isLost)) expect(Object.keys(row)).toEqual(Object.keys(line));
    const halves = outcome.changes[at]?.map(({ field, change }) => `${change} ${field}`) ?? [];
    for (const { name, kind } of file.fields) {
      const value = Object.hasOwn(line, name) ? line[name] : null;
      if (typed && typeof value === "string" && !value.isWellFormed() && halves.includes(`TRUNCATED ${name}`))
        continue;
      const [given, wanted] = [shown(row[name] ?? null, kind, typed), meant(value, kind, typed)];
      // `expect` for each value would take most of the time.
      if (JSON.stringify(given) !== JSON.stringify(wanted))
        expect([name, kind, given]).toEqual([name, kind, wanted]);
    }
    if (halves.some((half) => half.startsWith("NULLED"))) expect(halves).toEqual([]);
  }
}

function shown(value: JsonValue, kind: FieldKind, typed: boolean): unknown {
  return typed && kind === "string" ? value : parsed(stringifyJson(value));
}

/** A date among timestamps is midnight. */
function meant(value: unknown, kind: FieldKind, typed: boolean): unknown {
  if (typed && typeof value === "string" && kind === "timestamp_with_timezone") return asUtc(value);
  const isDate = typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value);
  return typed && isDate && kind === "timestamp_without_timezone" ? `${value} 00:00:00` : value;
}

/** The same read in pieces of a few bytes. */
async function inPieces(file: FuzzedFile, input: Uint8Array, size: number): Promise<Outcome> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size);
  }
  const columns = file.fields.map(({ name }) => ({ field: { name, kind: "unknown" }, type: "" }) as const);
  const encoding: Encoding = { format: "batch", columns, cost: 4 };
  const into: Taken = { rows: [], changes: [], rejected: [] };
  const request = { columns, known: new Set(columns.map(({ field }) => field.name)), place: false };
  const lines = { firstLine: async () => 1 };
  const text = textOf("a.jsonl", pieces(), "auto");
  for await (const batch of readJsonl("a.jsonl", text, request, lines)) take(batch, encoding, into);
  return { code: undefined, counted: into.rows.length + into.rejected.length, ...into };
}

describe("any bytes as a file of JSON lines", () => {
  test("are the rows that JSON.parse finds, by every route", { timeout: 7_200_000 }, async () => {
    const inputs = fuzzInputs();
    const root = folderWith();
    const counts = { rows: 0, rejected: 0, given: 0, loaded: 0, refused: 0, other: 0 };
    let number = 0;
    let slowest = 0;
    for (const input of fuzzed({ corpus: CORPUS, tokens: TOKENS, seed: 4, inputs })) {
      number += 1;
      const startedAt = performance.now();
      const latin = Buffer.from(input).toString("latin1");
      try {
        const file = await FuzzedFile.of(root, "a.jsonl", input, {});
        // UTF-16 and UTF-32, gzip and zstd.
        if (/^(?:\u00ff\u00fe|\u00fe\u00ff|\u001f\u008b|\u0028\u00b5\u002f\u00fd)/.test(latin)) {
          counts.other += 1;
          continue;
        }
        if (typeof file === "string") throw new Error(file);
        const expected = expectedOf(input);
        const values = await file.batches("unknown");
        expectSame(file, values, expected, false);
        expectSame(file, await inPieces(file, input, 1 + (number % 7)), expected, false);
        const typed = await file.batches();
        expectSame(file, typed, expected, true);
        counts.rows += expected.rows.length;
        counts.rejected += expected.rejected.length;
        const bytes = await file.asItIs("jsonl-file");
        slowest = Math.max(slowest, performance.now() - startedAt);
        if (!bytes.given) {
          expect(["source.not_given", "source.file_not_canonical"]).toContain(bytes.why);
          continue;
        }
        counts.given += 1;
        expect(expected.rejected).toEqual([]);
        expect(typed.code === undefined ? typed.changes.flat() : typed.code).toEqual([]);
        expect(bytes.rows).toBe(expected.rows.length);
        expect(bytes.bytes.equals(input)).toBe(true);
        if (counts.loaded > 3 + inputs / 1000) continue;
        const moving = { root, stream: { files: ["a.jsonl"] } };
        const inDuckdb = await intoDuckdb(moving, "jsonl-file");
        if (inDuckdb !== "refused") expect(inDuckdb).toEqual(await intoDuckdb(moving, "batch"));
        counts.loaded += 1;
        counts.refused += Number(inDuckdb === "refused");
      } catch (error) {
        throw new Error(`${(error as Error).message}\non ${JSON.stringify(latin.slice(0, 3000))}`, {
          cause: error,
        });
      }
    }
    if (inputs > 1000) console.log({ inputs, slowest, ...counts });
    expect(Math.min(counts.rows, counts.rejected, counts.given)).toBeGreaterThan(inputs / 100);
    expect(slowest).toBeLessThan(10_000);
  });
});
