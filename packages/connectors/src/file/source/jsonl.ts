import type { ColumnBatch, JsonObject, JsonValue } from "@weir/protocol";
import { isObject, isTooDeep, MAX_DEPTH, parseJson } from "@weir/protocol";
import { fileError } from "./failures.ts";
import {
  FILE_COLUMN,
  LINE_COLUMN,
  RowGatherer,
  type RowRequest,
  unknownColumn,
  SYNC_COLUMNS,
} from "./rows.ts";
import type { TextChunk } from "./text.ts";

/** UTF-16 units. */
export const MAX_LINE = 64 * 1024 * 1024;

/** Nothing but what JSON calls blanks: U+FEFF and the like are no lines to pass over. */
export function isBlank(line: string): boolean {
  return line.trim() === "" && /^[ \t\r]*$/.test(line);
}

/** Cuts text into lines, wherever its pieces are cut. */
export class LineSplitter {
  /** The line that has begun; its pieces are joined when it ends, for a long one is given in a thousand pieces. */
  #begun: string[] = [];
  held = 0;

  *push(piece: string, last: boolean): Generator<string> {
    let at = 0;
    for (let end = piece.indexOf("\n"); end >= 0; end = piece.indexOf("\n", at)) {
      yield this.#line(piece.slice(at, end));
      at = end + 1;
    }
    if (at < piece.length) {
      this.#begun.push(at === 0 ? piece : piece.slice(at));
      this.held += piece.length - at;
    }
    if (last && this.held > 0) yield this.#line("");
  }

  #line(end: string): string {
    if (this.held === 0) return end;
    const line = this.#begun.join("") + end;
    this.#begun = [];
    this.held = 0;
    return line;
  }
}

/** One JSON object, or why the line is none. */
export function parseLine(
  line: string,
):
  | { readonly row: JsonObject }
  | { readonly trouble: "row_not_json" | "row_not_object" | "row_too_deep"; readonly reason: string } {
  if (isTooDeep(line)) {
    return { trouble: "row_too_deep", reason: `Objects and arrays lie more than ${MAX_DEPTH} deep.` };
  }
  let value: JsonValue;
  try {
    value = parseJson(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/,? ?["'].*$/s, "") : "";
    return { trouble: "row_not_json", reason: `The line is no JSON: ${reason || "it cannot be parsed"}.` };
  }
  if (isObject(value)) return { row: value };
  return { trouble: "row_not_object", reason: "The line is no JSON object." };
}

export interface JsonlOptions {
  /** Number of the first line; asked for when a line must be named. */
  readonly firstLine: () => Promise<number>;
}

/** The rows of one JSON-lines file, or of some lines of it. */
export async function* readJsonl(
  name: string,
  chunks: AsyncIterable<TextChunk>,
  request: RowRequest,
  { firstLine }: JsonlOptions,
): AsyncGenerator<ColumnBatch> {
  const gatherer = new RowGatherer(name, "json", request);
  const splitter = new LineSplitter();
  const first = request.place ? await firstLine() : undefined;
  let base = first ?? 1;
  let exact = first !== undefined;
  let line = 0;
  let suspect = false;
  const fill = filler(gatherer, request);
  const take = async function* (chunk: TextChunk, last: boolean): AsyncGenerator<ColumnBatch> {
    suspect ||= chunk.suspect;
    for (const text of splitter.push(chunk.text, last)) {
      line += 1;
      const broken = suspect && !text.isWellFormed();
      const parsed = broken
        ? ({
            trouble: "row_not_text",
            reason: "Some bytes are no text in the file's encoding; U+FFFD stands for them here.",
          } as const)
        : isBlank(text)
          ? undefined
          : parseLine(text);
      if (parsed === undefined) continue;
      if ("row" in parsed) {
        fill(parsed.row);
        gatherer.end(base + line - 1);
        continue;
      }
      if (!exact) base = await firstLine();
      exact = true;
      gatherer.reject(parsed.trouble, parsed.reason, base + line - 1, text);
    }
    if (splitter.held === 0) suspect = false;
    if (splitter.held > MAX_LINE)
      throw fileError("row_too_large", name, { what: `after its line ${base + line - 1}` });
    const batch = gatherer.take(chunk.text.length);
    if (batch !== undefined) yield batch;
  };
  for await (const chunk of chunks) yield* take(chunk, false);
  yield* take({ text: "", suspect: false }, true);
}

function filler(gatherer: RowGatherer, { columns, known, place }: RowRequest): (row: JsonObject) => void {
  const own = place ? [FILE_COLUMN, LINE_COLUMN] : [];
  const filled = columns.flatMap(({ field: { name } }, index) =>
    own.includes(name) ? [] : [{ name, index }],
  );
  return (row) => {
    let found = 0;
    for (const { name, index } of filled) {
      // A name such as `constructor` is not a value that every object has.
      const value = Object.hasOwn(row, name) ? row[name] : undefined;
      if (value !== undefined) found += 1;
      gatherer.values(index).push(value ?? null);
    }
    const keys = Object.keys(row);
    if (keys.length === found) return;
    for (const key of keys) {
      if (!known.has(key) && !SYNC_COLUMNS.has(key) && row[key] !== null) gatherer.change(unknownColumn(key));
    }
  };
}
