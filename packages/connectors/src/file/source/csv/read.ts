import type { ColumnBatch, FieldKind } from "@weir/protocol";
import type { CsvOptions } from "../config.ts";
import { fileError } from "../failures.ts";
import type { RowRequest, RowTrouble } from "../rows.ts";
import { FILE_COLUMN, LINE_COLUMN, RowGatherer, SYNC_COLUMNS, unknownColumn } from "../rows.ts";
import type { TextChunk } from "../text.ts";
import { type CsvShape, HEAD_LENGTH, shapeOf } from "./dialect.ts";
import { type CsvRecord, CsvScanner, type CsvTrouble } from "./scanner.ts";

/** UTF-16 units; more in one record is taken for a quote that nobody closed. */
const MAX_RECORD = 64 * 1024 * 1024;

/** The rows of one CSV file. */
export async function* readCsv(
  name: string,
  chunks: AsyncIterable<TextChunk>,
  options: CsvOptions,
  request: RowRequest,
): AsyncGenerator<ColumnBatch> {
  let head = "";
  let suspect = false;
  let rows: CsvRows | undefined;
  for await (const chunk of chunks) {
    if (rows !== undefined) {
      yield* rows.push(chunk.text, chunk.suspect, false);
      continue;
    }
    head += chunk.text;
    suspect ||= chunk.suspect;
    if (head.length < HEAD_LENGTH) continue;
    rows = new CsvRows(name, shapeOf(name, head, false, options), options, request);
    yield* rows.push(head.slice(rows.offset), suspect, false);
  }
  if (rows === undefined) {
    rows = new CsvRows(name, shapeOf(name, head, true, options), options, request);
    yield* rows.push(head.slice(rows.offset), suspect, true);
  } else {
    yield* rows.push("", false, true);
  }
}

const REASONS: Readonly<Record<CsvTrouble, readonly [RowTrouble, string]>> = {
  stray_quote: ["row_quotes", "A quote stands inside a value that does not begin with one."],
  text_after_quote: ["row_quotes", "Text follows a closing quote."],
  open_quote: ["row_quotes", "A quote is never closed."],
  stray_return: ["row_line_end", "A carriage return stands outside quotes, without a line feed."],
};

class CsvRows {
  readonly offset: number;
  readonly #gatherer: RowGatherer;
  readonly #scanner: CsvScanner;
  readonly #nulls: ReadonlySet<string>;
  readonly #onlyEmpty: boolean;
  readonly #width: number;
  /** For each column to fill: where it stands in the file, -1 where it does not. */
  readonly #places: readonly number[];
  readonly #kinds: readonly FieldKind[];
  readonly #names: readonly string[];
  readonly #unknown: readonly (readonly [place: number, name: string])[];
  #header: boolean;
  #suspect = false;

  constructor(name: string, shape: CsvShape, options: CsvOptions, request: RowRequest) {
    this.offset = shape.offset;
    this.#gatherer = new RowGatherer(name, "text", request);
    this.#nulls = new Set(options.null_texts);
    this.#onlyEmpty = this.#nulls.size === 1 && this.#nulls.has("");
    this.#width = shape.names.length;
    const own = request.place ? [FILE_COLUMN, LINE_COLUMN] : [];
    const place = new Map(shape.names.map((each, index) => [each, index]));
    this.#places = request.columns.map(({ field }) =>
      own.includes(field.name) ? -2 : (place.get(field.name) ?? -1),
    );
    this.#kinds = request.columns.map(({ field }) => field.kind);
    this.#names = request.columns.map(({ field }) => field.name);
    this.#unknown = shape.names.flatMap((each, index) =>
      request.known.has(each) || SYNC_COLUMNS.has(each) ? [] : [[index, each] as const],
    );
    this.#header = options.header;
    this.#scanner = new CsvScanner(shape.syntax, (record) => this.#take(record), shape.lines + 1);
  }

  *push(text: string, suspect: boolean, last: boolean): Generator<ColumnBatch> {
    this.#suspect ||= suspect;
    const kept = this.#scanner.push(text, last);
    if (kept === 0) this.#suspect = false;
    if (kept > MAX_RECORD) {
      throw fileError("row_too_large", this.#gatherer.file, { what: `after line ${this.#scanner.line}` });
    }
    const batch = this.#gatherer.take(text.length);
    if (batch !== undefined) yield batch;
  }

  #take(record: CsvRecord): void {
    if (this.#header) {
      this.#header = false;
      return;
    }
    const gatherer = this.#gatherer;
    const { count, trouble } = record;
    // A line without anything is no row, unless a row is one value that may be missing.
    const isBlank = trouble === undefined && count === 1 && record.isEmpty(0) && !record.isQuoted(0);
    if (isBlank && this.#width > 1) return;
    if (this.#suspect && !record.source().isWellFormed()) {
      const reason = "Some bytes are no text in the file's encoding; U+FFFD stands for them here.";
      return gatherer.reject("row_not_text", reason, record.line, record.source());
    }
    if (trouble !== undefined) {
      const [code, reason] = REASONS[trouble];
      return gatherer.reject(code, reason, record.line, record.source());
    }
    if (count !== this.#width) {
      const reason = `The row has ${count} values, the file has ${this.#width} columns.`;
      return gatherer.reject("row_ragged", reason, record.line, record.source());
    }
    const places = this.#places;
    for (let column = 0; column < places.length; column++) {
      const place = places[column] ?? -1;
      if (place === -2) continue;
      const value = place < 0 ? null : this.#value(record, place);
      gatherer.values(column).push(value);
      if (value !== null) this.#note(value, column);
    }
    for (const [place, name] of this.#unknown) {
      if (this.#value(record, place) !== null) gatherer.change(unknownColumn(name));
    }
    gatherer.end(record.line);
  }

  #value(record: CsvRecord, place: number): string | null {
    if (record.isQuoted(place)) return record.value(place);
    if (this.#onlyEmpty) return record.isEmpty(place) ? null : record.value(place);
    const value = record.value(place);
    return this.#nulls.has(value) ? null : value;
  }

  /** Digits that a number would lose: the sample showed none, so the column is numbers, but this may be a name. */
  #note(value: string, column: number): void {
    const kind = this.#kinds[column];
    if (kind !== "integer" && kind !== "number") return;
    const first = value.charCodeAt(0);
    if (first > 48) return;
    const at = first === 45 ? 1 : 0;
    const isLed =
      value.charCodeAt(at) === 48 && value.charCodeAt(at + 1) >= 48 && value.charCodeAt(at + 1) <= 57;
    if (first !== 43 && !isLed) return;
    this.#gatherer.change({
      field: this.#names[column] ?? "",
      change: "TRUNCATED",
      reason: "SOURCE_SERIALIZATION_ERROR",
    });
  }
}
