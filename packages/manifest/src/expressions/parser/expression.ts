import type { Comparison, Expression } from "../nodes.ts";
import { syntaxError } from "../python-error.ts";
import type { Operator } from "../values/operators.ts";
import { parsePostfix, parseFilters } from "./postfix.ts";
import { parsePrimary } from "./primary.ts";
import type { TokenStream } from "./stream.ts";

/** Operators of one kind in a row make a tree as deep as they are many. */
const MAX_CHAIN = 1000;

/** An expression; without a condition where an `if` that follows belongs to something else. */
export function parseExpression(stream: TokenStream, hasCondition = true): Expression {
  return stream.nested(() => (hasCondition ? parseCondition(stream) : parseOr(stream)));
}

function parseCondition(stream: TokenStream): Expression {
  let value = parseOr(stream);
  for (let count = 0; stream.skipName("if"); count++) {
    if (count > MAX_CHAIN) throw syntaxError("it has too many operators");
    const test = parseOr(stream);
    const otherwise = stream.skipName("else") ? stream.nested(() => parseCondition(stream)) : null;
    value = { kind: "if", test, then: value, otherwise };
  }
  return value;
}

function parseOr(stream: TokenStream): Expression {
  return chain(stream, parseAnd, (left, right) => ({ kind: "or", left, right }), "or");
}

function parseAnd(stream: TokenStream): Expression {
  return chain(stream, parseNot, (left, right) => ({ kind: "and", left, right }), "and");
}

function chain(
  stream: TokenStream,
  part: (stream: TokenStream) => Expression,
  join: (left: Expression, right: Expression) => Expression,
  word: string,
): Expression {
  let left = part(stream);
  for (let count = 0; stream.skipName(word); count++) {
    if (count > MAX_CHAIN) throw syntaxError("it has too many operators");
    left = join(left, part(stream));
  }
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (stream.skipName("not")) return { kind: "not", on: stream.nested(() => parseNot(stream)) };
  return parseComparison(stream);
}

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

function parseComparison(stream: TokenStream): Expression {
  const first = parseSum(stream);
  const rest: (readonly [Comparison, Expression])[] = [];
  for (;;) {
    const { current } = stream;
    if (current.kind === "operator" && COMPARISONS.has(current.text)) {
      stream.next();
      rest.push([current.text as Comparison, parseSum(stream)]);
    } else if (stream.skipName("in")) rest.push(["in", parseSum(stream)]);
    else if (stream.isName("not") && stream.following.kind === "name" && stream.following.text === "in") {
      stream.next();
      stream.next();
      rest.push(["not in", parseSum(stream)]);
    } else break;
  }
  return rest.length === 0 ? first : { kind: "compare", first, rest };
}

function binary(
  stream: TokenStream,
  operators: readonly Operator[],
  part: (stream: TokenStream) => Expression,
): Expression {
  let left = part(stream);
  for (let count = 0; ; count++) {
    if (count > MAX_CHAIN) throw syntaxError("it has too many operators");
    const operator = operators.find((candidate) => stream.skipOperator(candidate));
    if (operator === undefined) return left;
    left = { kind: "binary", operator, left, right: part(stream) };
  }
}

function parseSum(stream: TokenStream): Expression {
  return binary(stream, ["+", "-"], parseConcat);
}

function parseConcat(stream: TokenStream): Expression {
  const items = [parseProduct(stream)];
  while (stream.skipOperator("~")) items.push(parseProduct(stream));
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "concat", items };
}

function parseProduct(stream: TokenStream): Expression {
  return binary(stream, ["*", "/", "//", "%"], parsePower);
}

function parsePower(stream: TokenStream): Expression {
  return binary(stream, ["**"], (inner) => parseUnary(inner));
}

function parseUnary(stream: TokenStream, hasFilters = true): Expression {
  let value: Expression;
  if (stream.skipOperator("-"))
    value = { kind: "negative", on: stream.nested(() => parseUnary(stream, false)) };
  else if (stream.skipOperator("+"))
    value = { kind: "positive", on: stream.nested(() => parseUnary(stream, false)) };
  else value = parsePrimary(stream, parseExpression);
  value = parsePostfix(stream, value, parseExpression);
  return hasFilters ? parseFilters(stream, value, parseExpression) : value;
}
