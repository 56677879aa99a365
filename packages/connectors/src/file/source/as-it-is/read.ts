import type { CsvDialect, Encoding, FileRead, PartRead } from "@weir/protocol";
import { compressionOf, rawBytes } from "../bytes.ts";
import { HEAD_LENGTH, shapeOf } from "../csv/dialect.ts";
import { notCanonical } from "../failures.ts";
import { namedFormat } from "../format.ts";
import type { FoundFile } from "../found.ts";
import { readAt } from "../local.ts";
import type { StreamScene } from "../scene.ts";
import { markOf } from "../text.ts";
import type { Table } from "./automaton.ts";
import { Check } from "./check.ts";
import { csvTable } from "./csv.ts";
import { fastJsonl } from "./fast-jsonl.ts";
import { jsonlTable } from "./jsonl.ts";
import type { HeldFiles } from "./held.ts";
import { isKnown } from "./values.ts";

/** Several files smaller than that go together in batches: each would be a transaction of its own. */
const LEAST_BYTES = 4 * 1024 * 1024;

/** Automata of wider rows no longer fit any cache. */
const MAX_COLUMNS = { csv: 200, jsonl: 60 };

/** States that names of keys may take: the values of 60 columns need the others. */
const MAX_KEY_STATES = 8192;

/** After each column any of those behind it may follow, so a name is written once for each column before it. */
function keyStates(columns: Encoding["columns"]): number {
  return columns.reduce(
    (sum, { field }, index) => sum + (index + 1) * (Buffer.byteLength(field.name) + 2),
    0,
  );
}

/** What is known of a file before it is given as it is. */
export interface FileShape {
  /** Why it cannot be. */
  readonly trouble?: string | undefined;
  readonly csv?: Omit<CsvDialect, "columns"> | undefined;
  readonly names: readonly string[];
}

/** Whether the files of a stream can be given as they are, as far as the configuration tells. */
export function givesFiles(
  { stream, files }: StreamScene,
  encoding: Encoding,
  known: ReadonlySet<string>,
): boolean {
  const format =
    encoding.format === "csv-file" ? "csv" : encoding.format === "jsonl-file" ? "jsonl" : undefined;
  if (format === undefined || stream.place) return false;
  if (stream.encoding !== "auto" && stream.encoding !== "utf-8") return false;
  if (!files.every((file) => namedFormat(stream, file) === format)) return false;
  const { columns } = encoding;
  if (columns.length === 0 || columns.length > MAX_COLUMNS[format] || !columns.every(isKnown)) return false;
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  if (
    (files.length > 1 && bytes < LEAST_BYTES * files.length) ||
    files.some(({ place }) => place.kind !== "local")
  )
    return false;
  if (format === "jsonl") {
    // What is not moved would have to be passed over, whatever it is.
    const isPlain = columns.every(({ field }) => isPlainKey(field.name));
    return isPlain && columns.length === known.size && keyStates(columns) <= MAX_KEY_STATES;
  }
  const { null_texts: nulls, quote, delimiter } = stream.csv;
  const [only = "x"] = nulls;
  // Marks that values are written with would end them.
  if (
    !/^["']?$/.test(quote) ||
    (delimiter !== "auto" && /[\w.:+\- "'\\]/.test(delimiter.replace("\\t", "\t")))
  )
    return false;
  // A NULL that begins as a number or a truth value does is not told from one by its first byte.
  return (
    nulls.length === 1 &&
    !/^["0-9tf-]/.test(only) &&
    isAscii(only + quote + delimiter) &&
    !only.includes(delimiter)
  );
}

function clashes(text: string, delimiter: string, quote: string): boolean {
  return [delimiter, quote].some((mark) => mark !== "" && text.includes(mark));
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e\t]*$/.test(text);
}

function isPlainKey(name: string): boolean {
  return JSON.stringify(name) === `"${name}"`;
}

/** Looks at the beginning of a file. */
export async function fileShape(
  { stream }: StreamScene,
  file: FoundFile,
  format: "csv" | "jsonl",
): Promise<FileShape> {
  const head = await readAt(file, 0, HEAD_LENGTH * 4);
  if (compressionOf(head) !== "none") return { trouble: "it is compressed", names: [] };
  if (markOf(head) !== undefined) return { trouble: "it begins with a byte order mark", names: [] };
  if (format === "jsonl") return { names: [] };
  const text = Buffer.from(head).toString("utf8");
  const shape = shapeOf(file.name, text, head.length === file.size, stream.csv);
  const { delimiter, quote, loneReturn } = shape.syntax;
  const body = text.slice(shape.offset);
  const lineEnd = /\r?\n/.exec(body)?.[0] === "\r\n" ? "\r\n" : "\n";
  const header = body.slice(0, body.indexOf("\n"));
  // Whoever takes the bytes counts line feeds.
  const skipped = text.slice(0, shape.offset).split("\n").length - 1;
  const isOneLine = !stream.csv.header || header.split(quote === "" ? "\0" : quote).length % 2 === 1;
  const nullText = stream.csv.null_texts[0] ?? "";
  const troubles = [
    [loneReturn, "its lines end in carriage returns alone"],
    [skipped !== shape.lines, "lines before its header end in carriage returns alone"],
    [shape.names.length < 2, "it has one column, where a blank line may be a row"],
    [clashes(nullText, delimiter, quote), "its delimiter or quote stands in the text for NULL"],
    [!isOneLine, "its header has several lines"],
  ] as const;
  const trouble = troubles.find(([applies]) => applies)?.[1];
  return {
    trouble,
    names: shape.names,
    csv: {
      skip: shape.lines + (stream.csv.header ? 1 : 0),
      delimiter,
      quote,
      lineEnd,
      null: nullText,
    },
  };
}

function tableOf(name: string, build: () => Table): Table {
  try {
    return build();
  } catch (error) {
    if (error instanceof RangeError) throw notCanonical(name, "its columns and their names are too many");
    throw error;
  }
}

export interface AsItIs {
  readonly file: FoundFile;
  readonly shape: FileShape;
  readonly encoding: Encoding;
  readonly known: ReadonlySet<string>;
  readonly held: HeldFiles;
}

/** One file as it is, looked through while it passes. */
export function readAsItIs({ file, shape, encoding, known, held }: AsItIs, signal: AbortSignal): PartRead {
  const wanted = new Set(encoding.columns.map(({ field }) => field.name));
  const unknown = shape.names.find((name) => !known.has(name));
  const names = shape.names.map((name) => (wanted.has(name) ? name : null));
  const csv = shape.csv === undefined ? undefined : { ...shape.csv, columns: names };
  const trouble =
    shape.trouble ?? (unknown === undefined ? undefined : `no sample showed its column ${unknown}`);
  const hold = trouble === undefined ? held.hold(file) : undefined;
  let check: Check | undefined;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (trouble !== undefined) throw notCanonical(file.name, trouble);
    let isWhole = false;
    try {
      const { columns } = encoding;
      const table = tableOf(file.name, () =>
        csv === undefined ? jsonlTable(columns) : csvTable(csv, columns),
      );
      check =
        csv === undefined
          ? new Check(file.name, table, 0, (head) => fastJsonl(columns, head))
          : new Check(file.name, table, csv.skip);
      const isBrief = encoding.readsPath === true;
      for await (const chunk of rawBytes(file, { token: undefined, signal, isBrief })) {
        check.push(chunk);
        yield chunk;
      }
      check.end();
      isWhole = true;
    } finally {
      if (!isWhole) hold?.release();
    }
  }
  const read: FileRead = {
    path: hold?.path,
    unchanged: async () => hold?.unchanged(),
    ...(csv === undefined ? {} : { csv }),
  };
  return { form: "bytes", chunks: chunks(), rows: () => check?.rows ?? 0, file: read };
}
