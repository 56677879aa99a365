import { ExactNumber, type JsonValue } from "@weir/protocol";

/**
 * Where a number stands that JSON.parse would not keep: 16 digits or more, a fraction of zeros, or an exponent. Looked for only
 * after `:`, `,` and `[`, so that dates and ids seldom match. Costs 35 to 45 % of JSON.parse on records of texts.
 */
const MAY_DIFFER =
  /[:,[](?:[-\d](?:\d{15}|\d*(?:\.0+[,\]}\s]|[.\d]*[eE]))|\s+[-\d](?:\d{15}|\d*(?:\.0+[,\]}\s]|[.\d]*[eE])))/;
/** The whole of each such number. */
const CANDIDATE =
  /(?<![^:,[\s])-?(?:\d{16,}(?![.\deE])|\d+\.0+(?=[,\]}\s]|$)|\d+(?:\.\d+)?[eE][-+]?\d+|\d{16,}\.\d+)/g;

/** What Python's json.loads accepts beyond JSON, outside of strings. */
const PYTHON_WORDS = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
/** Spellings that no serialiser writes; the reviver turns them back into what they stand for. */
const NOT_A_NUMBER = "0e-987654321";
const INFINITE = "1e987654321";

/** A body as Python's json.loads reads it, with numbers as SPEC.md says. Throws SyntaxError. */
export function parseExact(text: string): JsonValue {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError) || !/NaN|Infinity/.test(body)) throw error;
    return parse(body.replace(PYTHON_WORDS, wordless));
  }
}

function wordless(token: string): string {
  if (token === "NaN") return NOT_A_NUMBER;
  return token.startsWith('"') ? token : token.replace("Infinity", INFINITE);
}

function parse(text: string): JsonValue {
  const first = text.charCodeAt(0);
  // A text that begins with neither bracket may be a number itself, without the context that MAY_DIFFER looks for.
  const isContainer = first === 123 || first === 91;
  if (isContainer && !MAY_DIFFER.test(text)) return JSON.parse(text) as JsonValue;
  if (!(text.match(CANDIDATE)?.some(differs) ?? false)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as JsonValue;
}

function differs(source: string): boolean {
  return source === NOT_A_NUMBER || typeof numberOf(source, Number(source)) !== "number";
}

function revive(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === "number" && context.source !== undefined ? numberOf(context.source, value) : value;
}

function numberOf(source: string, value: number): number | bigint | ExactNumber {
  if (source === NOT_A_NUMBER) return Number.NaN;
  if (source === INFINITE || source === `-${INFINITE}`) return value;
  const isInteger = !/[.eE]/.test(source);
  if (isInteger) return Number.isSafeInteger(value) ? value : BigInt(source);
  return Number.isInteger(value) || !Number.isFinite(value) ? new ExactNumber(source) : value;
}
