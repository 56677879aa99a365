import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { isMisfit, textReader } from "@weir/kit";
import { type Column, ExactNumber, type FieldKind, type JsonObject, type JsonValue } from "@weir/protocol";
import { shownName } from "../names.ts";

/** A row of a file that Weir wrote. */
export interface OwnRecord {
  /** As it stands in the file, line end included. */
  readonly line: string;
  /** Canonical text in CSV, a JSON value with all its digits in JSONL; null where there is none. */
  value(column: string): JsonValue;
}

/** Reads a file of ours again, some rows at a time. What is not as we write it fails. */
export async function* ownRecords(
  path: string,
  format: "csv" | "jsonl",
  signal: AbortSignal,
): AsyncGenerator<{ readonly header: string; readonly records: readonly OwnRecord[] }> {
  let columns: ReadonlyMap<string, number> | undefined;
  let header = "";
  for await (const lines of recordLines(path, format === "csv", signal)) {
    if (format === "jsonl") {
      yield { header, records: lines.map(jsonRecord) };
      continue;
    }
    const rows = [...lines];
    if (columns === undefined) {
      header = rows.shift() ?? "";
      columns = new Map(csvValues(header).map((name, index) => [name ?? "", index]));
    }
    const places = columns;
    yield { header, records: rows.map((line) => csvRecord(line, places)) };
  }
}

function jsonRecord(line: string): OwnRecord {
  let parsed: JsonObject | undefined;
  return {
    line,
    value: (column) =>
      (parsed ??= JSON.parse(line, withDigits as typeof reviver) as JsonObject)[column] ?? null,
  };
}

declare function reviver(this: unknown, key: string, value: unknown): unknown;

function withDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === "number" && context.source !== undefined ? new ExactNumber(context.source) : value;
}

function csvRecord(line: string, columns: ReadonlyMap<string, number>): OwnRecord {
  let values: readonly (string | null)[] | undefined;
  return {
    line,
    value: (column) => {
      values ??= csvValues(line);
      const index = columns.get(column);
      return index === undefined ? null : (values[index] ?? null);
    },
  };
}

function csvValues(line: string): readonly (string | null)[] {
  const values: (string | null)[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n|$)/gy;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    values.push(match[1] === undefined ? match[2] || null : match[1].replaceAll('""', '"'));
    if (match[3] !== ",") break;
  }
  return values;
}

/** Whole records: in CSV a line end between quotes belongs to the value. */
async function* recordLines(
  path: string,
  quoted: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of plainBytes(path, signal)) {
    signal.throwIfAborted();
    rest += decoder.decode(chunk, { stream: true });
    const lines: string[] = [];
    let start = 0;
    for (let end = endOf(rest, 0, quoted); end >= 0; end = endOf(rest, start, quoted)) {
      lines.push(rest.slice(start, end + 1));
      start = end + 1;
    }
    rest = rest.slice(start);
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") throw new Error(`${path} ends inside a row.`);
}

/** Where the record that begins at `start` ends; -1 when its end is not there yet. */
function endOf(text: string, start: number, quoted: boolean): number {
  let end = text.indexOf("\n", start);
  if (!quoted) return end;
  let quotes = 0;
  let at = start;
  while (end >= 0) {
    for (let quote = text.indexOf('"', at); quote >= 0 && quote < end; quote = text.indexOf('"', quote + 1))
      quotes += 1;
    if (quotes % 2 === 0) return end;
    at = end + 1;
    end = text.indexOf("\n", at);
  }
  return -1;
}

async function* plainBytes(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024, signal });
  const name = shownName(basename(path));
  const unpack = name.endsWith(".gz")
    ? createGunzip()
    : name.endsWith(".zst")
      ? createZstdDecompress()
      : undefined;
  if (unpack === undefined) {
    for await (const chunk of file) yield chunk as Uint8Array;
    return;
  }
  file.on("error", (error) => unpack.destroy(error));
  try {
    for await (const chunk of file.pipe(unpack)) yield chunk as Uint8Array;
  } finally {
    file.destroy();
  }
}

/** A column of our own records as the protocol's canonical text. */
export function canonicalTexts(
  records: readonly OwnRecord[],
  name: string,
  kind: FieldKind,
  format: "csv" | "jsonl",
): readonly (string | null)[] {
  const values = records.map((record) => record.value(name));
  const column: Column =
    format === "csv"
      ? { form: "text", values: values as readonly (string | null)[] }
      : { form: "json", values };
  const read = textReader(column, kind);
  return values.map((_, row) => {
    const value = read(row);
    return isMisfit(value) ? value.text : value;
  });
}
