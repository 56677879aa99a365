import { isUtf8 } from "node:buffer";
import { fuzzed, fuzzInputs } from "@weir/kit/testing";
import type { Encoding, FieldKind, JsonObject, JsonValue } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import type { CsvOptions } from "../../src/file/source/config.ts";
import { readCsv } from "../../src/file/source/csv/read.ts";
import type { CsvSyntax } from "../../src/file/source/csv/scanner.ts";
import { textOf } from "../../src/file/source/text.ts";
import { newDatabase } from "../postgres-destination.ts";
import { asUtc, FuzzedFile, type Outcome, plainNumber, take, type Taken } from "./fuzz.ts";
import { plainRecords } from "./plain-csv.ts";
import { folderWith } from "./scene.ts";
import { intoDuckdb, intoPostgres } from "./same-rows.ts";

const CORPUS = [
  "id,name,at\n1,x,2024-01-02T03:04:05Z\n2,y,2024-01-02 03:04:05+02\n3,,\n",
  'a,b,c\r\n"1","x ""y"" z",true\r\n-2,"line\r\nbreak",false\r\n,"",\r\n',
  "d;t;n\n2024-02-29;10:11:12;1.50\n0001-01-01;00:00:00.25;-0.000000001\n",
  "a\tb\n9223372036854775807\t12345678901234567890.5\n-1\t0\n",
  "a,a,,_airbyte_raw_id\n1,2,3,4\n",
  "a,b\r1,2\r3,4\r",
  "one\nx\n\ny\n",
  "\ufeffé,ü\nñ,\u{1f389}\n",
  "a,b\n1,2\n3\n4,5,6\n7,8\n",
  "a|b\n'x'|\\N\nNULL|\\.\n",
];

const TOKENS = [
  ",",
  ";",
  "|",
  "\t",
  "\n",
  "\r\n",
  "\r",
  '"',
  '""',
  '"""',
  '","',
  '"\n"',
  "'",
  "\\",
  "\\N",
  "\\.",
  "NULL",
  " ",
  "\0",
  "\ufeff",
  "\u2028",
  "\u{1f389}",
  "0",
  "-",
  "+1",
  "007",
  "1e5",
  "1e-400",
  "1.5e400",
  "NaN",
  "inf",
  "123456789012345678901234567890123456789012345",
  "true",
  "2024-02-30",
  "2024-02-29",
  "infinity",
  "10:11:12",
  "24:00:00",
  "_airbyte_meta",
  "__proto__",
  "constructor",
  "\n".repeat(50),
  ",".repeat(250),
  '"'.repeat(99),
  "x".repeat(3000),
];

const OPTIONS: readonly Partial<CsvOptions>[] = [
  {},
  { delimiter: "," },
  { delimiter: ";", null_texts: ["NULL"] },
  { header: false },
  { quote: "", delimiter: "," },
  { quote: "'", delimiter: "|", null_texts: ["\\N"] },
  { skip_lines: 1 },
  { null_texts: ["", "\\N", "NULL"] },
];

const DEFAULTS: CsvOptions = { delimiter: "auto", quote: '"', header: true, skip_lines: 0, null_texts: [""] };

const RESERVED = new Set([
  "_airbyte_raw_id",
  "_airbyte_extracted_at",
  "_airbyte_meta",
  "_airbyte_generation_id",
]);

interface Expected {
  /** For each column the source gives, in the file's order. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rejected: readonly (readonly [code: string, line: number])[];
  /** The header cannot be read. */
  readonly broken: boolean;
}

const CODES = {
  stray_quote: "source.row_quotes",
  text_after_quote: "source.row_quotes",
  open_quote: "source.row_quotes",
  stray_return: "source.row_line_end",
} as const;

/** What a plain reader finds; the text is Latin 1, one character for each byte, so that bytes that are no UTF-8 stay. */
function expectedOf(input: Uint8Array, options: CsvOptions, delimiter: string): Expected {
  let text = Buffer.from(input).toString("latin1");
  if (text.startsWith("\u00ef\u00bb\u00bf")) text = text.slice(3);
  const { header, quote, skip_lines: skip, null_texts: nulls } = options;
  for (let line = 0; line < skip; line++) text = text.replace(/^[^\r\n]*(?:\r\n|\n|\r|$)/, "");
  const first = text.indexOf("\r");
  const loneReturn = first >= 0 && first < text.length - 1 && !text.includes("\n");
  const records = plainRecords(text, { delimiter, quote, loneReturn } satisfies CsvSyntax);
  const [head] = records;
  if (head === undefined) return { rows: [], rejected: [], broken: false };
  if (header && (head.trouble !== undefined || !isUtf8(Buffer.from(head.text, "latin1"))))
    return { rows: [], rejected: [], broken: true };
  const width = head.values.length;
  const seen = new Set<string>();
  const places = head.values.flatMap(([latin], index) => {
    const name = header ? utf8(latin) : "";
    const isReserved = RESERVED.has(name) && !seen.has(name);
    seen.add(name);
    return isReserved ? [] : [index];
  });
  const rows: (string | null)[][] = [];
  const rejected: (readonly [string, number])[] = [];
  for (const record of records.slice(header ? 1 : 0)) {
    const { trouble, values } = record;
    const line = record.line + skip;
    if (values.length === 1 && width > 1 && values[0]?.[0] === "" && !values[0][1] && trouble === undefined)
      continue;
    if (!isUtf8(Buffer.from(record.text, "latin1"))) rejected.push(["source.row_not_text", line]);
    else if (trouble !== undefined) rejected.push([CODES[trouble], line]);
    else if (values.length !== width) rejected.push(["source.row_ragged", line]);
    else
      rows.push(
        places.map((place) => {
          const [value = "", quoted = false] = values[place] ?? [];
          return !quoted && nulls.includes(utf8(value)) ? null : utf8(value);
        }),
      );
  }
  return { rows, rejected, broken: false };
}

function utf8(latin: string): string {
  return Buffer.from(latin, "latin1").toString("utf8");
}

/** Rows as lists, in the file's order of columns. */
function listed(file: FuzzedFile, rows: readonly JsonObject[]): readonly (readonly JsonValue[])[] {
  const names = file.stream["x-weir-columns"] as readonly string[];
  return rows.map((row) => names.map((name) => row[name] ?? null));
}

function found(file: FuzzedFile, outcome: Outcome): unknown {
  if (outcome.code !== undefined) return outcome.code;
  expect(outcome.counted).toBe(outcome.rows.length + outcome.rejected.length);
  return {
    rows: listed(file, outcome.rows),
    rejected: outcome.rejected.map(({ code, record }) => [code, (record as { readonly line: number }).line]),
  };
}

/** A typed value says what its text said: the sample was the whole file. */
function isSameValue(text: string | null, value: JsonValue, kind: FieldKind): boolean {
  if (text === null || value === null) return text === value;
  switch (kind) {
    case "integer":
      return stringifyJson(value) === text;
    case "number":
      return plainNumber(stringifyJson(value)) === plainNumber(text);
    case "boolean":
      return stringifyJson(value) === text;
    case "timestamp_with_timezone":
      return value === asUtc(text);
    case "timestamp_without_timezone":
      return value === text || value === `${text} 00:00:00`;
    default:
      return value === text;
  }
}

/** The same read in pieces of a few bytes. */
async function inPieces(
  file: FuzzedFile,
  input: Uint8Array,
  options: CsvOptions,
  size: number,
): Promise<Outcome> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size);
  }
  const fields = file.fields.map(({ name }) => ({ name, kind: "string" }) as const);
  const encoding: Encoding = {
    format: "batch",
    columns: fields.map((field) => ({ field, type: "" })),
    cost: 4,
  };
  const into: Taken = { rows: [], changes: [], rejected: [] };
  const request = { columns: encoding.columns, known: new Set(fields.map(({ name }) => name)), place: false };
  for await (const batch of readCsv("a.csv", textOf("a.csv", pieces(), "auto"), options, request))
    take(batch, encoding, into);
  return { code: undefined, counted: into.rows.length + into.rejected.length, ...into };
}

describe("any bytes as a CSV file", () => {
  test(
    "are the rows that a plain reader finds, by every route, or a failure with a code",
    { timeout: 7_200_000 },
    async () => {
      const inputs = fuzzInputs();
      const root = folderWith();
      const counts = { rows: 0, rejected: 0, failed: 0, given: 0, loaded: 0, refused: 0 };
      const db = await newDatabase();
      let number = 0;
      let slowest = 0;
      for (const input of fuzzed({ corpus: CORPUS, tokens: TOKENS, seed: 3, inputs })) {
        number += 1;
        const set = OPTIONS[number % OPTIONS.length] ?? {};
        const options = { ...DEFAULTS, ...set };
        const startedAt = performance.now();
        const told = `${JSON.stringify(set)} on ${JSON.stringify(Buffer.from(input).toString("latin1"))}`;
        // UTF-16 and UTF-32, which the plain reader does not know, and gzip.
        const isOther = /^(?:\u00ff\u00fe|\u00fe\u00ff|\u001f\u008b|\u0028\u00b5\u002f\u00fd)/.test(
          Buffer.from(input).toString("latin1", 0, 4),
        );
        try {
          const file = await FuzzedFile.of(root, "a.csv", input, { csv: set });
          const delimiters = options.delimiter === "auto" ? [",", ";", "\t", "|"] : [options.delimiter];
          const expected = delimiters.map((delimiter) => expectedOf(input, options, delimiter));
          if (typeof file === "string") {
            if (!isOther && !expected.some(({ broken }) => broken)) expect(file).toBe("read");
            counts.failed += 1;
            continue;
          }
          const texts = await file.batches("string");
          const result = found(file, texts);
          if (!isOther) {
            const alike = expected.find(({ rows, rejected }) => isAlike({ rows, rejected }, result));
            if (alike === undefined) expect(result).toEqual(expected[0]);
          }
          if (texts.code !== undefined) {
            counts.failed += 1;
            continue;
          }
          counts.rows += texts.rows.length;
          counts.rejected += texts.rejected.length;
          if (!isOther)
            expect(found(file, await inPieces(file, input, options, 1 + (number % 7)))).toEqual(result);
          const typed = await file.batches();
          if (typed.code !== undefined) throw new Error(`Typed reading failed: ${typed.code}`);
          expect(typed.changes.flat()).toEqual([]);
          expect(typed.rejected).toEqual(texts.rejected);
          for (const { name, kind } of file.fields)
            for (const [at, row] of typed.rows.entries()) {
              const text = texts.rows[at]?.[name] ?? null;
              if (!isSameValue(text as string | null, row[name] ?? null, kind))
                expect([name, kind, row[name]]).toEqual([name, kind, text]);
            }
          const bytes = await file.asItIs("csv-file");
          slowest = Math.max(slowest, performance.now() - startedAt);
          if (!bytes.given) {
            expect(["source.not_given", "source.file_not_canonical"]).toContain(bytes.why);
            continue;
          }
          counts.given += 1;
          expect(texts.rejected).toEqual([]);
          expect(bytes.rows).toBe(texts.rows.length);
          expect(bytes.bytes.equals(input)).toBe(true);
          if (counts.loaded > 3 + inputs / 1000) continue;
          const moving = { root, stream: { files: ["a.csv"], csv: set } };
          const [inDuckdb, inPostgres] = [
            await intoDuckdb(moving, "csv-file"),
            await intoPostgres(db, moving, "csv-file"),
          ];
          if (inDuckdb !== "refused") expect(inDuckdb).toEqual(await intoDuckdb(moving, "batch"));
          if (inPostgres !== "refused") expect(inPostgres).toEqual(await intoPostgres(db, moving, "batch"));
          counts.loaded += 1;
          counts.refused += Number(inDuckdb === "refused") + Number(inPostgres === "refused");
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${told}`, { cause: error });
        } finally {
        }
      }
      if (inputs > 1000) console.log({ inputs, slowest, ...counts });
      expect(Math.min(counts.rows, counts.rejected, counts.given)).toBeGreaterThan(inputs / 100);
      expect(counts.failed).toBeLessThan(inputs / 2);
      expect(slowest).toBeLessThan(10_000);
    },
  );
});

function isAlike(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
