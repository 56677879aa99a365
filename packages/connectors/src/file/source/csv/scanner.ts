const NEWLINE = 10;
const RETURN = 13;

/** How the lines of one CSV text are written. */
export interface CsvSyntax {
  /** One UTF-16 unit. */
  readonly delimiter: string;
  /** One UTF-16 unit; empty: nothing is quoted. */
  readonly quote: string;
  /** Lines end in \r alone, as old Macs wrote them; else in \n or \r\n, mixed as they come. */
  readonly loneReturn: boolean;
}

/** Why a record cannot be understood. */
export type CsvTrouble = "stray_quote" | "text_after_quote" | "open_quote" | "stray_return";

/** The values of the record that was found last; valid until the next one. */
export interface CsvRecord {
  readonly text: string;
  /** From 1: where the record begins, quoted line ends counted. */
  readonly line: number;
  readonly count: number;
  readonly trouble: CsvTrouble | undefined;
  /** NULL never: an empty value is an empty text. */
  value(at: number): string;
  isQuoted(at: number): boolean;
  isEmpty(at: number): boolean;
  /** The whole record as it stands in the text. */
  source(): string;
}

/**
 * Finds the records of a CSV text given in pieces, wherever they are cut: what is not whole at the end of a piece is
 * looked at again with the next one. A quote opens only at the start of a value; a quote elsewhere, text after a closing
 * quote and a quote never closed are trouble of that record, which ends at the next line end outside quotes.
 */
export class CsvScanner implements CsvRecord {
  text = "";
  line = 1;
  count = 0;
  trouble: CsvTrouble | undefined;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #quoteText: string;
  readonly #loneReturn: boolean;
  readonly #visit: (record: CsvRecord) => void;
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);
  /** 0 plain, 1 quoted, 2 quoted with quotes inside. */
  #quoted = new Uint8Array(64);
  #waiting = "";
  #from = 0;
  #to = 0;
  #nextLine = 1;

  constructor(syntax: CsvSyntax, visit: (record: CsvRecord) => void, firstLine = 1) {
    this.#delimiter = syntax.delimiter.charCodeAt(0);
    this.#quote = syntax.quote === "" ? -1 : syntax.quote.charCodeAt(0);
    this.#quoteText = syntax.quote;
    this.#loneReturn = syntax.loneReturn;
    this.#visit = visit;
    this.#nextLine = firstLine;
  }

  /** Visits the records that are whole; `last` says that no more text comes. Returns the length of what is kept. */
  push(piece: string, last: boolean): number {
    const rest = this.text.length - this.#from;
    this.#waiting += piece;
    // A record begun long ago is looked at again only once it has doubled: else a long one costs its length squared.
    if (!last && this.#waiting.length < rest) return rest + this.#waiting.length;
    const text = rest > 0 ? this.text.slice(this.#from) + this.#waiting : this.#waiting;
    this.text = text;
    this.#waiting = "";
    this.#from = 0;
    this.#lineEnd = 0;
    while (this.#from < text.length) {
      const end = this.#record(text, this.#from, last);
      if (end < 0) break;
      this.line = this.#nextLine;
      this.#nextLine += 1 + this.#inner;
      this.#visit(this);
      this.#from = end;
    }
    return text.length - this.#from;
  }

  value(at: number): string {
    const value = this.text.slice(this.#starts[at], this.#ends[at]);
    return this.#quoted[at] === 2
      ? value.replaceAll(this.#quoteText + this.#quoteText, this.#quoteText)
      : value;
  }

  isQuoted(at: number): boolean {
    return this.#quoted[at] !== 0;
  }

  isEmpty(at: number): boolean {
    return this.#starts[at] === this.#ends[at];
  }

  source(): string {
    return this.text.slice(this.#from, this.#to);
  }

  /** Line ends inside quotes of the record found last. */
  #inner = 0;

  /** Finds one record; returns where the next begins, -1 when this one is not whole. */
  #record(text: string, from: number, last: boolean): number {
    const { length } = text;
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const loneReturn = this.#loneReturn;
    let count = 0;
    let at = from;
    this.trouble = undefined;
    this.#inner = 0;
    for (;;) {
      let start = at;
      let end = -1;
      let kind = 0;
      if (quote >= 0 && at < length && text.charCodeAt(at) === quote) {
        start = at + 1;
        end = this.#closing(text, start, last);
        if (end === -1) return -1;
        if (end === -2) {
          this.trouble = "open_quote";
          this.count = count;
          this.#to = length;
          return length;
        }
        kind = this.#doubled ? 2 : 1;
        this.#countLines(text, start, end);
        at = end + 1;
      }
      // To the delimiter or the end of the line.
      let code = -1;
      const plain = at;
      const before: CsvTrouble | undefined = this.trouble;
      for (; at < length; at++) {
        code = text.charCodeAt(at);
        if (code === delimiter || code === NEWLINE) break;
        if (code === quote) {
          this.trouble ??= "stray_quote";
          continue;
        }
        if (code !== RETURN) continue;
        if (loneReturn) break;
        if (at + 1 >= length) {
          if (!last) return -1;
          break;
        }
        if (text.charCodeAt(at + 1) === NEWLINE) break;
        this.trouble ??= "stray_return";
      }
      if (at >= length && !last) return -1;
      if (kind === 0) end = at;
      else if (at > plain) this.trouble = before ?? "text_after_quote";
      if (count === this.#starts.length) this.#grow();
      this.#starts[count] = start;
      this.#ends[count] = end;
      this.#quoted[count] = kind;
      count += 1;
      if (at < length && code === delimiter) {
        at += 1;
        continue;
      }
      this.count = count;
      this.#to = at;
      if (at >= length) return length;
      return code === RETURN && !loneReturn ? Math.min(at + 2, length) : at + 1;
    }
  }

  #doubled = false;

  /** Where the quote closes; -1 when that is not known yet, -2 when it never does. */
  #closing(text: string, from: number, last: boolean): number {
    this.#doubled = false;
    for (let at = from; ; at += 2) {
      at = text.indexOf(this.#quoteText, at);
      if (at < 0) return last ? -2 : -1;
      if (at + 1 >= text.length) return last ? at : -1;
      if (text.charCodeAt(at + 1) !== this.#quote) return at;
      this.#doubled = true;
    }
  }

  /** Where the next line ends, found once for all values before it. */
  #lineEnd = 0;

  #countLines(text: string, from: number, to: number): void {
    const mark = this.#loneReturn ? "\r" : "\n";
    let at = this.#lineEnd;
    if (at < from) at = endOr(text.indexOf(mark, from));
    for (; at < to; at = endOr(text.indexOf(mark, at + 1))) this.#inner += 1;
    this.#lineEnd = at;
  }

  #grow(): void {
    const grown = <T extends Int32Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const size = this.#starts.length * 2;
    this.#starts = grown(this.#starts, new Int32Array(size));
    this.#ends = grown(this.#ends, new Int32Array(size));
    this.#quoted = grown(this.#quoted, new Uint8Array(size));
  }
}

function endOr(at: number): number {
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}
