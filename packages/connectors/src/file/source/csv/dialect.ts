import type { CsvOptions } from "../config.ts";
import { fileError } from "../failures.ts";
import { type CsvRecord, CsvScanner, type CsvSyntax } from "./scanner.ts";

/** How one CSV file is written and what its columns are called. */
export interface CsvShape {
  readonly syntax: CsvSyntax;
  /** Names in the file's order, each once; none where the file has no record. */
  readonly names: readonly string[];
  /** UTF-16 units before the header or the first row. */
  readonly offset: number;
  /** Lines in them. */
  readonly lines: number;
}

const CANDIDATES = [",", ";", "\t", "|"] as const;

/** Records looked at to tell the delimiter. */
const LOOKED_AT = 100;

/** What a shape is told from; where it ends matters only to a header that is longer. */
export const HEAD_LENGTH = 65_536;

/** The shape of a file that begins with `text`; `ended` says that nothing follows. */
export function shapeOf(name: string, text: string, ended: boolean, options: CsvOptions): CsvShape {
  const whole = ended && text.length <= HEAD_LENGTH;
  const all = text.slice(0, HEAD_LENGTH);
  const offset = afterLines(all, options.skip_lines);
  const head = all.slice(offset);
  const syntax = syntaxOf(head, whole, options);
  const [first] = recordsOf(head, whole, syntax, 1);
  const shape = { syntax, offset, lines: options.skip_lines };
  if (first === undefined) {
    if (!whole) throw fileError("header_missing", name);
    return { ...shape, names: [] };
  }
  if (options.header && first.trouble) throw fileError("header_missing", name);
  if (options.header && !first.values.every((value) => value.isWellFormed())) {
    throw fileError("not_text", name, { what: "its header has bytes that are none in its encoding" });
  }
  return { ...shape, names: unique(options.header ? first.values : first.values.map(() => "")) };
}

function afterLines(text: string, lines: number): number {
  let at = 0;
  for (let line = 0; line < lines; line++) {
    const end = /\r\n|\n|\r(?!$)/g;
    end.lastIndex = at;
    if (end.exec(text) === null) return text.length;
    at = end.lastIndex;
  }
  return at;
}

function syntaxOf(head: string, whole: boolean, { delimiter, quote }: CsvOptions): CsvSyntax {
  const loneReturn = usesLoneReturn(head);
  const given = delimiter === "auto" ? undefined : delimiter === "\\t" ? "\t" : delimiter;
  if (given !== undefined) return { delimiter: given, quote, loneReturn };
  let best = { delimiter: ",", score: 0 };
  for (const candidate of CANDIDATES) {
    const records = recordsOf(head, whole, { delimiter: candidate, quote, loneReturn }, LOOKED_AT);
    const counts = records.map(({ values }) => values.length);
    const columns = counts[0] ?? 0;
    if (columns < 2) continue;
    const share = counts.filter((count) => count === columns).length / counts.length;
    const clean = records.filter(({ trouble }) => !trouble).length / records.length;
    // Lines that agree count more than many columns: a text of sentences has commas too.
    const score = share * share * clean * (2 - 1 / columns);
    if (score > best.score) best = { delimiter: candidate, score };
  }
  return { delimiter: best.delimiter, quote, loneReturn };
}

function usesLoneReturn(head: string): boolean {
  const at = head.indexOf("\r");
  if (at < 0 || at + 1 >= head.length || head[at + 1] === "\n") return false;
  return !head.includes("\n");
}

interface HeadRecord {
  readonly values: readonly string[];
  readonly trouble: boolean;
}

/** The first records; blank lines count as such. */
function recordsOf(head: string, whole: boolean, syntax: CsvSyntax, limit: number): readonly HeadRecord[] {
  const found: HeadRecord[] = [];
  const scanner = new CsvScanner(syntax, (record) => {
    if (found.length < limit) found.push({ values: valuesOf(record), trouble: record.trouble !== undefined });
  });
  scanner.push(head, whole);
  return found;
}

function valuesOf(record: CsvRecord): readonly string[] {
  return Array.from({ length: record.count }, (_, at) => record.value(at));
}

/** Each name once: the second `a` is `a_2`, and a column without a name is called by its number. */
function unique(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const given = new Set<string>();
  return names.map((name, index) => {
    const base = name === "" ? `column_${index + 1}` : name;
    let unused = base;
    for (let number = 2; given.has(unused) || (unused !== name && taken.has(unused)); number++) {
      unused = `${base}_${number}`;
    }
    given.add(unused);
    return unused;
  });
}
