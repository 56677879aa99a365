import type { Expression } from "../nodes.ts";
import { syntaxError } from "../python-error.ts";
import { float, int } from "../values/numbers.ts";
import type { TokenStream } from "./stream.ts";

export type ReadExpression = (stream: TokenStream, hasCondition?: boolean) => Expression;

const CONSTANTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

export function parsePrimary(stream: TokenStream, read: ReadExpression): Expression {
  const token = stream.next();
  if (token.kind === "name") {
    const constant = CONSTANTS.get(token.text);
    return constant === undefined
      ? { kind: "name", name: token.text }
      : { kind: "constant", value: constant };
  }
  if (token.kind === "string") {
    let { text } = token;
    while (stream.current.kind === "string") text += stream.next().text;
    return { kind: "constant", value: text };
  }
  if (token.kind === "number") return { kind: "constant", value: numberOf(token.text, token.isFloat) };
  if (token.kind === "operator") {
    if (token.text === "(") {
      const value = parseTuple(stream, read, ")");
      stream.expectOperator(")");
      return value;
    }
    if (token.text === "[") return { kind: "list", items: parseItems(stream, read, "]") };
    if (token.text === "{") return { kind: "dict", members: parseMembers(stream, read) };
  }
  throw syntaxError(`unexpected '${token.text}'`);
}

function numberOf(text: string, isFloat: boolean): unknown {
  const digits = text.replaceAll("_", "");
  return isFloat ? float(Number(digits)) : int(BigInt(digits));
}

/** One expression, or a tuple where commas say so; empty only where `closer` follows at once. */
export function parseTuple(stream: TokenStream, read: ReadExpression, closer?: string): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0 && !stream.skipOperator(",")) break;
    if (items.length > 0) isTuple = true;
    const isEnd = closer === undefined ? stream.current.kind.startsWith("close-") : stream.isOperator(closer);
    if (isEnd) break;
    items.push(read(stream));
  }
  const [only] = items;
  if (!isTuple && only !== undefined) return only;
  if (!isTuple && closer === undefined) throw syntaxError("expected an expression");
  return { kind: "tuple", items };
}

function parseItems(stream: TokenStream, read: ReadExpression, closer: string): Expression[] {
  const items: Expression[] = [];
  while (!stream.isOperator(closer)) {
    if (items.length > 0) stream.expectOperator(",");
    if (stream.isOperator(closer)) break;
    items.push(read(stream));
  }
  stream.expectOperator(closer);
  return items;
}

function parseMembers(stream: TokenStream, read: ReadExpression): [Expression, Expression][] {
  const members: [Expression, Expression][] = [];
  while (!stream.isOperator("}")) {
    if (members.length > 0) stream.expectOperator(",");
    if (stream.isOperator("}")) break;
    const key = read(stream);
    stream.expectOperator(":");
    members.push([key, read(stream)]);
  }
  stream.expectOperator("}");
  return members;
}
