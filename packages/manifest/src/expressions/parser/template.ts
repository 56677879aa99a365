import type { Expression, Statement, Target } from "../nodes.ts";
import { syntaxError } from "../python-error.ts";
import { tokensOf } from "../lexer.ts";
import { parseExpression } from "./expression.ts";
import { parseFilter, parseFilters } from "./postfix.ts";
import { parseTuple } from "./primary.ts";
import { TokenStream } from "./stream.ts";

/** More text than any manifest has in one template, by a factor of ten. */
const MAX_LENGTH = 1_000_000;

/** The statements of a template. Fails with a TemplateSyntaxError. */
export function parseTemplate(text: string): readonly Statement[] {
  if (text.length > MAX_LENGTH) throw syntaxError("it is too long");
  const stream = new TokenStream(tokensOf(text));
  const body = parseBody(stream, []);
  if (stream.current.kind !== "end") throw syntaxError(`unexpected '${stream.following.text}'`);
  return body;
}

/** Reads until a statement of one of these names; that statement's name is left current, its opening taken. */
function parseBody(stream: TokenStream, ends: readonly string[]): Statement[] {
  const body: Statement[] = [];
  for (;;) {
    const token = stream.current;
    if (token.kind === "end") {
      if (ends.length > 0) throw syntaxError(`expected '${ends.join("' or '")}' before the end`);
      return body;
    }
    stream.next();
    if (token.kind === "data") body.push({ kind: "data", text: token.text });
    else if (token.kind === "open-value") {
      body.push({ kind: "output", value: parseTuple(stream, parseExpression) });
      stream.expectKind("close-value");
    } else if (token.kind === "open-block") {
      if (stream.isName(...ends)) return body;
      body.push(stream.nested(() => parseStatement(stream)));
    } else throw syntaxError(`unexpected '${token.text}'`);
  }
}

function parseStatement(stream: TokenStream): Statement {
  const name = stream.expectKind("name").text;
  switch (name) {
    case "if":
      return parseIf(stream);
    case "for":
      return parseFor(stream);
    case "set":
      return parseSet(stream);
    case "with":
      return parseWith(stream);
    case "filter":
      return parseFilterBlock(stream);
    default:
      throw syntaxError(`unknown tag '${name}'`);
  }
}

function endStatement(stream: TokenStream): void {
  stream.expectKind("close-block");
}

function parseIf(stream: TokenStream): Statement {
  const branches: (readonly [Expression, readonly Statement[]])[] = [];
  let otherwise: readonly Statement[] = [];
  let word = "if";
  while (word !== "endif") {
    if (word === "else") {
      endStatement(stream);
      otherwise = parseBody(stream, ["endif"]);
    } else {
      // An expression of commas is a tuple here, yet a condition after it is none.
      const test = parseTuple(stream, (inner) => parseExpression(inner, false));
      endStatement(stream);
      branches.push([test, parseBody(stream, ["elif", "else", "endif"])]);
    }
    word = stream.next().text;
  }
  endStatement(stream);
  return { kind: "if-block", branches, otherwise };
}

function parseFor(stream: TokenStream): Statement {
  const target = parseTarget(stream, "in");
  if (!stream.skipName("in")) throw syntaxError("expected 'in'");
  const items = parseTuple(stream, (inner) => parseExpression(inner, false));
  const filter = stream.skipName("if") ? parseExpression(stream) : null;
  if (stream.isName("recursive")) throw syntaxError("recursive loops are not supported");
  endStatement(stream);
  const body = parseBody(stream, ["endfor", "else"]);
  let otherwise: readonly Statement[] = [];
  if (stream.next().text === "else") {
    endStatement(stream);
    otherwise = parseBody(stream, ["endfor"]);
    stream.next();
  }
  endStatement(stream);
  return { kind: "for", target, items, filter, body, otherwise };
}

function parseTarget(stream: TokenStream, end?: string): Target {
  const items: Target[] = [];
  let isTuple = false;
  do {
    if (end !== undefined && stream.isName(end)) break;
    if (stream.isOperator("=")) break;
    if (stream.skipOperator("(")) {
      items.push(stream.nested(() => parseTarget(stream)));
      stream.expectOperator(")");
    } else items.push(parseSingleTarget(stream));
    if (stream.isOperator(",")) isTuple = true;
  } while (stream.skipOperator(","));
  const [only] = items;
  if (only === undefined) throw syntaxError("expected a name to assign to");
  return isTuple ? { kind: "tuple", items } : only;
}

function parseSingleTarget(stream: TokenStream): Target {
  const name = stream.expectKind("name").text;
  if (stream.skipOperator(".")) return { kind: "member", on: name, name: stream.expectKind("name").text };
  if (["true", "false", "none", "True", "False", "None"].includes(name))
    throw syntaxError(`can't assign to '${name}'`);
  return { kind: "name", name };
}

const BODY_TEXT: Expression = { kind: "name", name: "" };

function parseSet(stream: TokenStream): Statement {
  const target = parseTarget(stream);
  if (stream.skipOperator("=")) {
    const value = parseTuple(stream, parseExpression);
    endStatement(stream);
    return { kind: "set", target, value };
  }
  const filters = parseFilters(stream, BODY_TEXT, parseExpression);
  endStatement(stream);
  const body = parseBody(stream, ["endset"]);
  stream.next();
  endStatement(stream);
  return { kind: "set-block", target, body, filters };
}

function parseFilterBlock(stream: TokenStream): Statement {
  const first = parseFilter(stream, BODY_TEXT, parseExpression);
  const filters = parseFilters(stream, first, parseExpression);
  endStatement(stream);
  const body = parseBody(stream, ["endfilter"]);
  stream.next();
  endStatement(stream);
  return { kind: "set-block", target: null, body, filters };
}

function parseWith(stream: TokenStream): Statement {
  const members: (readonly [Target, Expression])[] = [];
  while (stream.current.kind !== "close-block") {
    if (members.length > 0) stream.expectOperator(",");
    const target = parseSingleTarget(stream);
    stream.expectOperator("=");
    members.push([target, parseExpression(stream)]);
  }
  endStatement(stream);
  const body = parseBody(stream, ["endwith"]);
  stream.next();
  endStatement(stream);
  return { kind: "with", members, body };
}
