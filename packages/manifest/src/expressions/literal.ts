import { unescaped } from "./strings.ts";
import { Dict } from "./values/dict.ts";
import { float, int, isNumeric, negate, type Numeric } from "./values/numbers.ts";
import { PythonSet } from "./values/set.ts";
import { Bytes, ELLIPSIS, Tuple } from "./values/types.ts";
import { PythonError } from "./python-error.ts";
import { spend } from "./meter.ts";

/** What a text is that is no literal. */
export const NO_LITERAL = Symbol("no literal");

/** Python refuses more brackets within one another. */
const MAX_NESTING = 200;

class NotLiteral extends Error {}

/**
 * Python's `ast.literal_eval`: the value of a text that is one literal, else NO_LITERAL. Most texts are seen to be none by
 * their first character.
 */
export function literalOf(text: string): unknown {
  if (!mayBeLiteral(text)) return NO_LITERAL;
  if (/^-?[1-9]\d{0,14}$/.test(text)) return Number(text);
  spend(1 + text.length / 8);
  try {
    return new LiteralReader(text).read();
  } catch (error) {
    if (error instanceof NotLiteral || (error instanceof PythonError && error.kind === "TypeError"))
      return NO_LITERAL;
    throw error;
  }
}

function mayBeLiteral(text: string): boolean {
  let at = 0;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  const code = text.charCodeAt(at);
  // Letters: only constants, `set()` and the prefixes of texts; a comment needs a line after it.
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122))
    return /^(?:None|True|False|set\s*\(|[bBrRuU]{1,2}['"])/.test(text.slice(at, at + 8));
  if (code >= 48 && code <= 57) return !/^\d+-\d+-\d/.test(text.slice(at, at + 12));
  return "\"'([{+-.#".includes(text.charAt(at)) && at < text.length;
}

const NUMBER =
  /(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*\.?(?:[eE][-+]?\d(?:_?\d)*)?|/y;
const SPECIAL_INTEGER = /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+/y;
const WORD = /[A-Za-z_]\w*/y;
const TEXT_START = /([bBrRuU]{0,2})("""|'''|"|')/y;

class LiteralReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    // The first line may be indented by blanks; any other may not.
    const lines = text.replace(/^[ \t]+/, "").replace(/\r\n?/g, "\n");
    this.#text = lines.replace(/^(?:[ \t\f]*(?:#[^\n]*)?\n)+/, "");
    if (/[\0\ud800-\udfff]/.test(this.#text) && !this.#text.isWellFormed()) throw new NotLiteral();
    // A last line of nothing but blanks is one that is indented wrongly.
    if (/\n[ \t]+$/.test(this.#text)) throw new NotLiteral();
    if (this.#text.includes("\0") || /^[ \t]/.test(this.#text)) throw new NotLiteral();
  }

  read(): unknown {
    const value = this.#items();
    this.#skip(true);
    if (this.#at < this.#text.length) throw new NotLiteral();
    return value;
  }

  /** One value, or a tuple without brackets. */
  #items(): unknown {
    const first = this.#value();
    if (!this.#take(",")) return first;
    const items = [first];
    while (!this.#isEnd() && !this.#peek(")")) {
      items.push(this.#value());
      if (!this.#take(",")) break;
    }
    return Tuple.holding(items);
  }

  #isEnd(): boolean {
    this.#skip();
    return this.#at >= this.#text.length || this.#text[this.#at] === "\n";
  }

  /** Line ends count as blanks inside of brackets, and at the very end. */
  #skip(isEnd = false): void {
    for (;;) {
      const character = this.#text[this.#at];
      const isLine = character === "\n" && (this.#depth > 0 || isEnd);
      const isContinued = character === "\\" && this.#text[this.#at + 1] === "\n";
      if (isContinued) this.#at += 2;
      else if (character === " " || character === "\t" || character === "\f" || isLine) this.#at += 1;
      else if (character === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end === -1 ? this.#text.length : end;
      } else return;
    }
  }

  #peek(character: string): boolean {
    this.#skip();
    return this.#text[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#peek(character)) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #value(): unknown {
    this.#skip();
    const character = this.#text[this.#at] ?? "";
    if (character === "[" || character === "{" || character === "(") return this.#bracketed(character);
    if (character === "-" || character === "+") {
      this.#at += 1;
      const number = this.#operand();
      return character === "-" ? negate(number) : number;
    }
    if (this.#text.startsWith("...", this.#at)) {
      this.#at += 3;
      return ELLIPSIS;
    }
    if (/[\d.]/.test(character)) return this.#number();
    const text = this.#texts();
    return text ?? this.#word();
  }

  /** A number after a sign, without one of its own; brackets may stand around it. */
  #operand(): Numeric {
    this.#skip();
    if (this.#take("(")) {
      this.#open();
      const inner = this.#operand();
      if (!this.#take(")")) throw new NotLiteral();
      this.#depth -= 1;
      return inner;
    }
    if (!/[\d.]/.test(this.#text[this.#at] ?? "")) throw new NotLiteral();
    const value = this.#value();
    if (!isNumeric(value)) throw new NotLiteral();
    return value;
  }

  #open(): void {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new NotLiteral();
  }

  #number(): unknown {
    const special = this.#match(SPECIAL_INTEGER);
    const match = special ?? this.#match(NUMBER);
    const digits = (match?.[0] ?? "").replaceAll("_", "");
    // A letter that follows makes it a complex number or nothing at all.
    if (digits === "" || /\w/.test(this.#text[this.#at] ?? "")) throw new NotLiteral();
    if (special !== null) return int(BigInt(digits));
    if (/[.eE]/.test(digits)) return float(Number(digits));
    if (digits.length > 4300 || /^0\d*[1-9]/.test(digits)) throw new NotLiteral();
    return int(BigInt(digits));
  }

  #texts(): unknown {
    let isBytes: boolean | undefined;
    let text = "";
    for (let start = this.#match(TEXT_START); start !== null; start = this.#match(TEXT_START)) {
      const prefix = (start[1] ?? "").toLowerCase();
      if (!["", "b", "r", "u", "br", "rb"].includes(prefix)) throw new NotLiteral();
      if (isBytes !== undefined && isBytes !== prefix.includes("b")) throw new NotLiteral();
      isBytes = prefix.includes("b");
      text += this.#text1(start[2] ?? "", prefix.includes("r"));
      this.#skip();
    }
    if (isBytes === undefined) return undefined;
    return isBytes ? new Bytes(text) : text;
  }

  /** From after the opening quotes to after the closing ones. */
  #text1(quotes: string, isRaw: boolean): string {
    const start = this.#at;
    for (let at = start; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at += 1;
      else if (this.#text[at] === "\n" && quotes.length === 1) break;
      else if (this.#text.startsWith(quotes, at)) {
        this.#at = at + quotes.length;
        const inside = this.#text.slice(start, at);
        const text = isRaw ? inside : unescaped(inside);
        if (text === undefined) break;
        return text;
      }
    }
    throw new NotLiteral();
  }

  #word(): unknown {
    switch (this.#match(WORD)?.[0]) {
      case "None":
        return null;
      case "True":
        return true;
      case "False":
        return false;
      case "set":
        if (this.#take("(") && this.#take(")")) return PythonSet.of([]);
        throw new NotLiteral();
      default:
        throw new NotLiteral();
    }
  }

  #bracketed(opening: string): unknown {
    this.#at += 1;
    this.#open();
    const value = opening === "{" ? this.#braced() : opening === "[" ? this.#listed() : this.#enclosed();
    this.#depth -= 1;
    return value;
  }

  #listed(): unknown[] {
    const items: unknown[] = [];
    while (!this.#take("]")) {
      items.push(this.#value());
      if (!this.#take(",") && !this.#peek("]")) throw new NotLiteral();
    }
    return items;
  }

  #enclosed(): unknown {
    if (this.#take(")")) return new Tuple();
    const value = this.#items();
    if (!this.#take(")")) throw new NotLiteral();
    return value;
  }

  #braced(): unknown {
    if (this.#take("}")) return new Dict();
    const first = this.#value();
    if (!this.#peek(":")) return this.#set(first);
    const dict = new Dict();
    let key = first;
    for (;;) {
      if (!this.#take(":")) throw new NotLiteral();
      dict.set(key, this.#value());
      if (!this.#take(",") && !this.#peek("}")) throw new NotLiteral();
      if (this.#take("}")) return dict;
      key = this.#value();
    }
  }

  #set(first: unknown): PythonSet {
    const set = PythonSet.of([first]);
    while (!this.#take("}")) {
      if (!this.#take(",")) throw new NotLiteral();
      if (this.#take("}")) return set;
      set.add(this.#value());
    }
    return set;
  }
}
