import type { Field, FieldKind } from "@weir/protocol";
import { plainBytes } from "./bytes.ts";
import { HEAD_LENGTH, shapeOf } from "./csv/dialect.ts";
import { CsvScanner } from "./csv/scanner.ts";
import type { FoundFile } from "./found.ts";
import { isBlank, LineSplitter, MAX_LINE, parseLine } from "./jsonl.ts";
import { type Guess, kindOfJson, kindOfText, widened } from "./kinds.ts";
import { parquetFields } from "./parquet/schema.ts";
import { formatIn, type StreamScene } from "./scene.ts";
import { textOf } from "./text.ts";

/** Fields by name, in the order they were met; undefined where there was no value yet. */
export type Columns = Map<string, Field | undefined>;

type Guesses = Map<string, Guess>;

/** Looked at in all for a stream, and at least and at most of one file. 20 MB of CSV take 0.5 s of CPU. */
const SAMPLE_BYTES = 20 * 1024 * 1024;
const FILE_BYTES = { least: 64 * 1024, most: 1024 * 1024 };

/** A file whose first row is longer than its share is looked at until that row ends, or is longer than a row may be. */
const MAX_FIRST_ROW = MAX_LINE;

/** More files are sampled evenly. */
const MAX_FILES = 500;

/** The columns of a stream, as the first rows of its files show them. */
export async function sampleStream(scene: StreamScene, signal: AbortSignal): Promise<Columns> {
  const files = spread(scene.files, MAX_FILES);
  const share = Math.floor(SAMPLE_BYTES / Math.max(1, files.length));
  const bytes = Math.min(FILE_BYTES.most, Math.max(FILE_BYTES.least, share));
  const columns: Columns = new Map();
  for (const file of files) {
    signal.throwIfAborted();
    const format = await formatIn(scene, file, signal);
    if (format === "parquet") {
      for (const field of await parquetFields(scene, file, signal)) meet(columns, field.name, field, false);
      continue;
    }
    const found = await sampleText(scene, file, format, bytes, signal);
    for (const [name, kind] of found) {
      meet(columns, name, kind === undefined ? undefined : { name, kind }, format === "csv");
    }
  }
  return columns;
}

/** What one more file says about a column. Digits and native types hold only where all files agree. */
function meet(columns: Columns, name: string, field: Field | undefined, texts: boolean): void {
  const before = columns.get(name);
  if (before === undefined || field === undefined || JSON.stringify(before) === JSON.stringify(field)) {
    columns.set(name, field ?? before);
    return;
  }
  columns.set(name, { name, kind: widened(before.kind, field.kind, texts) ?? "string" });
}

/** The first, the last, and those between at even distances. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, at) => items[Math.round(at * step)]).filter(
    (item) => item !== undefined,
  );
}

async function sampleText(
  scene: StreamScene,
  file: FoundFile,
  format: "csv" | "jsonl",
  limit: number,
  signal: AbortSignal,
): Promise<Guesses> {
  const { stream, config } = scene;
  const columnsIn = (text: string, ended: boolean): Sample =>
    format === "csv" ? csvColumns(scene, file, text, ended) : jsonColumns(text, ended);
  let text = "";
  let enough = limit;
  const bytes = plainBytes(file, { token: config.token, signal });
  for await (const chunk of textOf(file.name, bytes, stream.encoding)) {
    text += chunk.text;
    if (text.length < enough) continue;
    const { rows, guesses } = columnsIn(text, false);
    if (rows > 0 || text.length >= MAX_FIRST_ROW) return guesses;
    // The text is looked at again only when there is four times as much of it.
    enough = Math.min(4 * text.length, MAX_FIRST_ROW);
  }
  return columnsIn(text, true).guesses;
}

interface Sample {
  readonly guesses: Guesses;
  /** Understood ones. */
  readonly rows: number;
}

function csvColumns({ stream }: StreamScene, file: FoundFile, text: string, ended: boolean): Sample {
  const shape = shapeOf(file.name, text, ended || text.length < HEAD_LENGTH, stream.csv);
  const { names } = shape;
  const guesses = names.map((): Guess => undefined);
  const nulls = new Set(stream.csv.null_texts);
  let header = stream.csv.header;
  let rows = 0;
  const scanner = new CsvScanner(shape.syntax, (record) => {
    if (header) {
      header = false;
      return;
    }
    if (record.trouble !== undefined || record.count !== names.length) return;
    rows += 1;
    for (let at = 0; at < names.length; at++) {
      if (guesses[at] === "string") continue;
      const value = record.value(at);
      if (!record.isQuoted(at) && nulls.has(value)) continue;
      guesses[at] = widened(guesses[at], kindOfText(value), true);
    }
  });
  scanner.push(text.slice(shape.offset), ended);
  return { guesses: new Map(names.map((name, at) => [name, guesses[at]])), rows };
}

function jsonColumns(text: string, ended: boolean): Sample {
  const columns: Guesses = new Map();
  let rows = 0;
  for (const line of new LineSplitter().push(text, ended)) {
    // A line whose bytes are no text will be set aside.
    if (isBlank(line) || !line.isWellFormed()) continue;
    const parsed = parseLine(line);
    if (!("row" in parsed)) continue;
    rows += 1;
    const fractions = /\d[.eE]/.test(line) ? spelledAsFractions(line) : NONE;
    for (const [name, value] of Object.entries(parsed.row)) {
      const guess = columns.get(name);
      const kind: FieldKind | undefined = fractions.has(name) ? "number" : kindOfJson(value);
      columns.set(name, widened(guess, kind, false));
    }
  }
  return { guesses: columns, rows };
}

const NONE: ReadonlySet<string> = new Set();

/** Names of numbers written with a point or an exponent: whoever writes `1.0` has fractions elsewhere. */
function spelledAsFractions(line: string): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (name: string, value: unknown, { source }: { readonly source?: string }): unknown => {
    if (typeof value === "number" && source !== undefined && /[.eE]/.test(source)) names.add(name);
    return value;
  };
  JSON.parse(line, note as (name: string, value: unknown) => unknown);
  return names;
}
