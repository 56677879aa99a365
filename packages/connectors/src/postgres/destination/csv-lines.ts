import type { CsvDialect } from "@weir/protocol";
import type { Outbox } from "./outbox.ts";
import { type MetaTexts, Numbered } from "./row-meta.ts";

const NEWLINE = 10;

/**
 * Puts those of Weir's columns that are given, the raw id first, before each row of a CSV file, wherever its bytes are cut,
 * and leaves out the lines before the first row. The source has seen that every quote is where it belongs: so a line end
 * counts where the number of quotes before it is even.
 */
export class CsvLineWriter {
  rows = 0;
  readonly #out: Outbox;
  readonly #head: Numbered;
  readonly #quote: number;
  readonly #lineEnd: string;
  #skip: number;
  #inRow = false;
  #quoted = false;

  constructor(out: Outbox, texts: MetaTexts, { delimiter, quote, lineEnd, skip }: CsvDialect) {
    this.#out = out;
    this.#quote = quote.charCodeAt(0);
    this.#lineEnd = lineEnd;
    this.#skip = skip;
    const quoted = (text: string): string => quote + text.replaceAll(quote, quote + quote) + quote;
    const [prefix = "", ...rest] = texts.values();
    const head = [`${quote}${prefix}00000000${quote}`, ...rest.map(quoted), ""].join(delimiter);
    this.#head = new Numbered(Buffer.from(head), quote.length + prefix.length);
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const out = this.#out;
    const head = this.#head.bytes;
    let at = this.#passedOver(bytes);
    let quote = this.#next(bytes, this.#quote, at);
    while (at < bytes.length) {
      if (!this.#inRow) {
        out.room(head.length);
        head.copy(out.buffer, out.at);
        out.at += head.length;
        this.#head.next();
        this.rows++;
        this.#inRow = true;
      }
      let end = this.#quoted ? bytes.length : this.#next(bytes, NEWLINE, at);
      let from = at;
      // Quotes before the line end may put it inside a value.
      while (quote < bytes.length && (this.#quoted || quote < end)) {
        this.#quoted = !this.#quoted;
        from = quote + 1;
        quote = this.#next(bytes, this.#quote, from);
        end = this.#quoted ? bytes.length : this.#next(bytes, NEWLINE, from);
      }
      const to = Math.min(end + 1, bytes.length);
      out.put(bytes, at, to);
      at = to;
      if (end < bytes.length) this.#inRow = false;
    }
  }

  /** The last row of a file may lack its line end. */
  end(): void {
    if (this.#inRow) this.#out.put(Buffer.from(this.#lineEnd), 0, this.#lineEnd.length);
    this.#inRow = false;
  }

  #passedOver(bytes: Buffer): number {
    let at = 0;
    for (; this.#skip > 0; this.#skip--) {
      at = bytes.indexOf(NEWLINE, at) + 1;
      if (at === 0) return bytes.length;
    }
    return at;
  }

  #next(bytes: Buffer, byte: number, from: number): number {
    const found = bytes.indexOf(byte, from);
    return found < 0 ? bytes.length : found;
  }
}
