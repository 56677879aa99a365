import type { Token } from "../lexer.ts";
import { syntaxError } from "../python-error.ts";

/** Deeper brackets and operators than manifests have; below what a call stack holds. */
const MAX_NESTING = 150;

/** The tokens of a template, read one after the other. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "end of template" };
  }

  get following(): Token {
    return this.#tokens[this.#at + 1] ?? { kind: "end", text: "end of template" };
  }

  next(): Token {
    const token = this.current;
    this.#at += 1;
    return token;
  }

  isOperator(text: string): boolean {
    return this.current.kind === "operator" && this.current.text === text;
  }

  isName(...names: readonly string[]): boolean {
    return this.current.kind === "name" && names.includes(this.current.text);
  }

  skipOperator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.#at += 1;
    return true;
  }

  skipName(name: string): boolean {
    if (!this.isName(name)) return false;
    this.#at += 1;
    return true;
  }

  expectOperator(text: string): void {
    if (!this.skipOperator(text)) throw syntaxError(`expected '${text}', got '${this.current.text}'`);
  }

  expectKind(kind: Token["kind"]): Token {
    if (this.current.kind !== kind) throw syntaxError(`unexpected '${this.current.text}'`);
    return this.next();
  }

  /** Reads something inside something else. */
  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw syntaxError("it is nested too deep");
    const result = read();
    this.#depth -= 1;
    return result;
  }
}
