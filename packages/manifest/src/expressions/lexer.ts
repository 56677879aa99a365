import { syntaxError } from "./python-error.ts";
import { unescaped } from "./strings.ts";

export type Token =
  | { readonly kind: "data" | "name" | "operator" | "string"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly isFloat: boolean }
  | {
      readonly kind: "open-value" | "close-value" | "open-block" | "close-block" | "end";
      readonly text: string;
    };

const OPENING = /\{%[-+]?\s*raw\s*(?:-%\}\s*|\+?%\})|\{[{%#][-+]?/g;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g;
const COMMENT_END = /-#\}\s*|\+?#\}/g;
/** As many as Python reads. */
const MAX_DIGITS = 4300;
const SPACE = /\s+/y;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}>=<.:|,;]/y;
const ENDINGS = { value: /-\}\}\s*|\}\}/y, block: /-%\}\s*|\+?%\}/y } as const;
const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Jinja's tokens of a template. Line ends are made one, a last one is dropped, as Jinja does. */
export function tokensOf(source: string): Token[] {
  const text = source.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(text);
    if (opening === null) {
      tokens.push({ kind: "data", text: text.slice(at) });
      break;
    }
    const mark = opening[0];
    pushData(tokens, text.slice(at, opening.index), mark[2] === "-");
    at = opening.index + mark.length;
    if (mark.endsWith("}") || mark.trimEnd().endsWith("%}")) at = readRaw(text, at, tokens);
    else if (mark[1] === "#") at = skipComment(text, at);
    else at = readCode(text, at, mark[1] === "{" ? "value" : "block", tokens);
  }
  tokens.push({ kind: "end", text: "end of template" });
  return tokens;
}

function pushData(tokens: Token[], text: string, isTrimmed: boolean): void {
  const data = isTrimmed ? text.trimEnd() : text;
  if (data !== "") tokens.push({ kind: "data", text: data });
}

function readRaw(text: string, at: number, tokens: Token[]): number {
  RAW_END.lastIndex = at;
  const end = RAW_END.exec(text);
  if (end === null) throw syntaxError("a raw block is not closed");
  pushData(tokens, text.slice(at, end.index), end[1] === "-");
  return end.index + end[0].length;
}

function skipComment(text: string, at: number): number {
  COMMENT_END.lastIndex = at;
  const end = COMMENT_END.exec(text);
  if (end === null) throw syntaxError("a comment is not closed");
  return end.index + end[0].length;
}

function matched(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function readCode(text: string, start: number, mode: "value" | "block", tokens: Token[]): number {
  tokens.push({ kind: `open-${mode}`, text: mode === "value" ? "{{" : "{%" });
  const open: string[] = [];
  let at = start;
  while (at < text.length) {
    const ending = open.length === 0 ? matched(ENDINGS[mode], text, at) : undefined;
    if (ending !== undefined) {
      tokens.push({ kind: `close-${mode}`, text: ending.trim() });
      return at + ending.length;
    }
    const space = matched(SPACE, text, at);
    if (space === undefined) {
      const [token, length] = readToken(text, at);
      if (token.kind === "operator") balance(token.text, open);
      tokens.push(token);
      at += length;
    } else at += space.length;
  }
  throw syntaxError("an expression or a statement is not closed");
}

function balance(operator: string, open: string[]): void {
  const closer = CLOSERS[operator];
  if (closer !== undefined) open.push(closer);
  else if (operator === ")" || operator === "]" || operator === "}")
    if (open.pop() !== operator) throw syntaxError(`unexpected '${operator}'`);
}

function readToken(text: string, at: number): [Token, number] {
  const float = text[at - 1] === "." ? undefined : matched(FLOAT, text, at);
  if (float !== undefined) return [{ kind: "number", text: float, isFloat: true }, float.length];
  const integer = matched(INTEGER, text, at);
  if (integer !== undefined && integer.length > MAX_DIGITS) throw syntaxError("a number is too long");
  if (integer !== undefined) return [{ kind: "number", text: integer, isFloat: false }, integer.length];
  const name = matched(NAME, text, at);
  if (name !== undefined) return [{ kind: "name", text: name }, name.length];
  const string = matched(STRING, text, at);
  if (string !== undefined) {
    const value = unescaped(string.slice(1, -1));
    if (value === undefined) throw syntaxError("a text has an escape that is not complete");
    return [{ kind: "string", text: value }, string.length];
  }
  const operator = matched(OPERATOR, text, at);
  if (operator === undefined) throw syntaxError(`unexpected character at ${at}`);
  return [{ kind: "operator", text: operator }, operator.length];
}
