import { constants, isAscii, isUtf8 } from "node:buffer";
import type { Change, ColumnBatch } from "@weir/protocol";

/** Large enough that the cost of a batch does not show, small enough that several fit in memory. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Lines of more bytes are cut as bytes: a JavaScript string cannot hold what a field of 1 GB can, and taking the escapes
 * out of a string of 100 MB takes 1.5 GB, out of its bytes 200 MB and a fifth of the time.
 */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;

/** Parses COPY's text format into columns of canonical text. `fields` names the columns, in order. */
export async function* batchesOf(
  chunks: AsyncIterable<Buffer>,
  fields: readonly string[],
): AsyncGenerator<ColumnBatch> {
  let batch = new BatchBuilder(fields);
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last === -1) {
      begun.push(chunk);
      continue;
    }
    const whole = chunk.subarray(0, last + 1);
    batch.add(begun.length === 0 ? whole : Buffer.concat([...begun, whole]));
    begun = last + 1 === chunk.length ? [] : [chunk.subarray(last + 1)];
    if (batch.bytes < BATCH_BYTES) continue;
    yield batch.finish();
    batch = new BatchBuilder(fields);
  }
  if (batch.rows > 0) yield batch.finish();
}

class BatchBuilder {
  rows = 0;
  bytes = 0;
  readonly #fields: readonly string[];
  readonly #columns: (string | null)[][];
  readonly #changes = new Map<number, readonly Change[]>();

  constructor(fields: readonly string[]) {
    this.#fields = fields;
    this.#columns = fields.map(() => []);
  }

  /** Takes whole lines. */
  add(lines: Buffer): void {
    const before = this.rows;
    const ascii = isAscii(lines);
    if (this.#fields.length === 0) this.rows += countLines(lines);
    else if (lines.length > MAX_TEXT_BYTES || !(ascii || isUtf8(lines))) this.#addBytes(lines);
    else this.#addText(ascii ? lines.toString("latin1") : lines.toString("utf8"));
    // A string holds one byte for each character, or two when any is beyond Latin-1; a slice costs some words.
    this.bytes += lines.length * (ascii ? 1 : 2) + (this.rows - before) * this.#fields.length * 24;
  }

  finish(): ColumnBatch {
    return {
      rows: this.rows,
      columns: this.#columns.map((values) => ({ form: "text", values })),
      bytes: this.bytes,
      ...(this.#changes.size === 0 ? {} : { changes: this.#changes }),
    };
  }

  #addText(text: string): void {
    const columns = this.#columns;
    const last = columns.length - 1;
    let at = 0;
    let slash = text.indexOf("\\");
    while (at < text.length) {
      for (let index = 0; index <= last; index += 1) {
        const stop = text.indexOf(index === last ? "\n" : "\t", at);
        let value: string | null = text.slice(at, stop);
        if (slash !== -1 && slash < stop) {
          value = unescape(value);
          slash = text.indexOf("\\", stop);
        }
        columns[index]?.push(value);
        at = stop + 1;
      }
      this.rows += 1;
    }
  }

  /** Field by field: one that is no UTF-8, or too long for a string, becomes NULL and says so. */
  #addBytes(lines: Buffer): void {
    const last = this.#columns.length - 1;
    let at = 0;
    while (at < lines.length) {
      const changes: Change[] = [];
      for (let index = 0; index <= last; index += 1) {
        const stop = lines.indexOf(index === last ? NEWLINE : TAB, at);
        const value = decode(lines.subarray(at, stop));
        const misfit = typeof value === "object" && value !== null;
        if (misfit)
          changes.push({ field: this.#fields[index] ?? "", change: "NULLED", reason: value.reason });
        this.#columns[index]?.push(misfit ? null : value);
        at = stop + 1;
      }
      if (changes.length > 0) this.#changes.set(this.rows, changes);
      this.rows += 1;
    }
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** `\N` alone is NULL; the server escapes a text that looks like it. */
function unescape(field: string): string | null {
  if (field === "\\N") return null;
  return field.replace(/\\(.)/g, (_escape, letter: string) => ESCAPES[letter] ?? letter);
}

function decode(field: Buffer): string | null | Pick<Change, "reason"> {
  if (field.length === 2 && field[0] === BACKSLASH && field[1] === 78) return null;
  const bytes = field.includes(BACKSLASH) ? unescapeBytes(field) : field;
  if (bytes.length > constants.MAX_STRING_LENGTH) return { reason: "SOURCE_FIELD_SIZE_LIMITATION" };
  return isUtf8(bytes) ? bytes.toString("utf8") : { reason: "SOURCE_SERIALIZATION_ERROR" };
}

function unescapeBytes(field: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(field.length);
  let length = 0;
  for (let at = 0; at < field.length; at += 1) {
    let byte = field[at] ?? 0;
    if (byte === BACKSLASH) {
      at += 1;
      const letter = field[at] ?? 0;
      byte = ESCAPES[String.fromCharCode(letter)]?.charCodeAt(0) ?? letter;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}
