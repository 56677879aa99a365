import { undecodable } from "./text-stream.ts";

/** Cells of one row; the largest row that is kept. */
const MAX_CELLS = 100_000;
const MAX_CELL = 64 * 1024 * 1024;

/** Rows of CSV with quotes doubled inside quotes, as Python's csv module reads its default dialect. Blank lines give no row. */
export async function* csvRows(texts: AsyncIterable<string>, delimiter: string): AsyncGenerator<string[]> {
  const reader = new RowReader(delimiter);
  for await (const text of texts) yield* reader.feed(text);
  yield* reader.end();
}

type Where = "start" | "plain" | "quoted" | "afterQuote" | "afterReturn";

class RowReader {
  readonly #delimiter: string;
  #row: string[] = [];
  #cell = "";
  #where: Where = "start";
  /** Whether the row has begun: a line that ends at once is none. */
  #isBegun = false;

  constructor(delimiter: string) {
    if (delimiter.length !== 1) throw undecodable(`"${delimiter}" is no delimiter of one character.`);
    this.#delimiter = delimiter;
  }

  *feed(text: string): Generator<string[]> {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text[at] ?? "";
      if (this.#where === "quoted") {
        if (character !== '"') continue;
        this.#add(text.slice(from, at));
        this.#where = "afterQuote";
        from = at + 1;
        continue;
      }
      if (this.#where === "afterReturn") {
        this.#where = "start";
        if (character === "\n") {
          from = at + 1;
          continue;
        }
      }
      if (this.#where === "plain" && !this.#isMark(character)) continue;
      if (this.#where === "plain") this.#add(text.slice(from, at));
      from = at + 1;
      const row = this.#step(character);
      if (row !== null) yield row;
    }
    if (this.#where === "plain" || this.#where === "quoted") this.#add(text.slice(from));
  }

  *end(): Generator<string[]> {
    if (this.#isBegun) yield this.#finish();
  }

  #isMark(character: string): boolean {
    return character === this.#delimiter || character === "\n" || character === "\r";
  }

  /** A character where it may mean something; gives the row that it ends. */
  #step(character: string): string[] | null {
    if (character === this.#delimiter) {
      this.#isBegun = true;
      this.#endCell();
      this.#where = "start";
      return null;
    }
    if (character === "\n" || character === "\r") {
      const row = this.#isBegun ? this.#finish() : null;
      this.#where = character === "\r" ? "afterReturn" : "start";
      return row;
    }
    this.#isBegun = true;
    if (character === '"' && this.#where === "afterQuote") {
      this.#add('"');
      this.#where = "quoted";
    } else if (character === '"' && this.#where === "start") this.#where = "quoted";
    else {
      this.#add(character);
      this.#where = "plain";
    }
    return null;
  }

  #add(text: string): void {
    this.#cell += text;
    if (this.#cell.length > MAX_CELL) throw undecodable("A cell of the CSV is too long.");
  }

  #endCell(): void {
    this.#row.push(this.#cell);
    this.#cell = "";
    if (this.#row.length > MAX_CELLS) throw undecodable("A row of the CSV has too many cells.");
  }

  #finish(): string[] {
    this.#endCell();
    const row = this.#row;
    this.#row = [];
    this.#isBegun = false;
    return row;
  }
}
