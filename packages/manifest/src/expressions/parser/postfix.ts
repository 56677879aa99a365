import type { CallArguments, Expression } from "../nodes.ts";
import { syntaxError } from "../python-error.ts";
import { parsePrimary, type ReadExpression } from "./primary.ts";
import type { TokenStream } from "./stream.ts";

const NO_ARGUMENTS: CallArguments = { positional: [], named: [] };

/** A chain makes a tree as deep as it is long. */
const MAX_CHAIN = 500;

/** `.name`, `[item]`, `(arguments)` after a value. */
export function parsePostfix(stream: TokenStream, value: Expression, read: ReadExpression): Expression {
  let result = value;
  for (let count = 0; count < MAX_CHAIN; count++) {
    if (stream.skipOperator(".")) result = parseDot(stream, result);
    else if (stream.skipOperator("[")) result = parseSubscript(stream, result, read);
    else if (stream.isOperator("("))
      result = { kind: "call", on: result, args: parseArguments(stream, read) };
    else return result;
  }
  throw syntaxError("it has too many operators");
}

/** `| filter`, `is test` and calls after a value. */
export function parseFilters(stream: TokenStream, value: Expression, read: ReadExpression): Expression {
  let result = value;
  for (let count = 0; count < MAX_CHAIN; count++) {
    if (stream.skipOperator("|")) result = parseFilter(stream, result, read);
    else if (stream.skipName("is")) result = parseTest(stream, result, read);
    else if (stream.isOperator("("))
      result = { kind: "call", on: result, args: parseArguments(stream, read) };
    else return result;
  }
  throw syntaxError("it has too many operators");
}

function parseDot(stream: TokenStream, on: Expression): Expression {
  const token = stream.next();
  if (token.kind === "name") return { kind: "attribute", on, name: token.text };
  if (token.kind === "number" && !token.isFloat)
    return { kind: "item", on, key: { kind: "constant", value: Number(token.text) } };
  throw syntaxError("expected name or number");
}

function parseSubscript(stream: TokenStream, on: Expression, read: ReadExpression): Expression {
  const first = stream.isOperator(":") ? null : read(stream);
  if (first !== null && !stream.isOperator(":")) {
    const items = [first];
    while (stream.skipOperator(",")) items.push(read(stream));
    stream.expectOperator("]");
    return { kind: "item", on, key: items.length === 1 ? first : { kind: "tuple", items } };
  }
  const bound = (): Expression | null =>
    stream.skipOperator(":") && !stream.isOperator(":") && !stream.isOperator("]") ? read(stream) : null;
  const stop = bound();
  const step = bound();
  stream.expectOperator("]");
  return { kind: "slice", on, bounds: [first, stop, step] };
}

function parseArguments(stream: TokenStream, read: ReadExpression): CallArguments {
  stream.expectOperator("(");
  const positional: Expression[] = [];
  const named: (readonly [string, Expression])[] = [];
  let star: Expression | undefined;
  let doubleStar: Expression | undefined;
  for (let isFirst = true; !stream.isOperator(")"); isFirst = false) {
    if (!isFirst) stream.expectOperator(",");
    if (stream.isOperator(")")) break;
    if (stream.skipOperator("**")) doubleStar = read(stream);
    else if (stream.skipOperator("*")) star = read(stream);
    else if (
      stream.current.kind === "name" &&
      stream.following.kind === "operator" &&
      stream.following.text === "="
    ) {
      const name = stream.next().text;
      stream.next();
      named.push([name, read(stream)]);
    } else {
      if (named.length > 0) throw syntaxError("invalid syntax for function call expression");
      positional.push(read(stream));
    }
  }
  stream.expectOperator(")");
  return { positional, named, star, doubleStar };
}

function dottedName(stream: TokenStream): string {
  let name = stream.expectKind("name").text;
  while (stream.skipOperator(".")) name += `.${stream.expectKind("name").text}`;
  return name;
}

export function parseFilter(stream: TokenStream, on: Expression, read: ReadExpression): Expression {
  const name = dottedName(stream);
  const args = stream.isOperator("(") ? parseArguments(stream, read) : NO_ARGUMENTS;
  return { kind: "filter", on, name, args };
}

function parseTest(stream: TokenStream, on: Expression, read: ReadExpression): Expression {
  const isNegated = stream.skipName("not");
  const name = dottedName(stream);
  const test: Expression = { kind: "test", on, name, args: testArguments(stream, read) };
  return isNegated ? { kind: "not", on: test } : test;
}

function testArguments(stream: TokenStream, read: ReadExpression): CallArguments {
  if (stream.isOperator("(")) return parseArguments(stream, read);
  const { current } = stream;
  const isOpening = current.kind === "operator" && (current.text === "[" || current.text === "{");
  const isValue = current.kind === "string" || current.kind === "number" || isOpening;
  if (!isValue && (current.kind !== "name" || stream.isName("else", "or", "and"))) return NO_ARGUMENTS;
  if (stream.isName("is")) throw syntaxError("tests cannot be chained with is");
  const value = parsePostfix(stream, parsePrimary(stream, read), read);
  return { positional: [value], named: [] };
}
