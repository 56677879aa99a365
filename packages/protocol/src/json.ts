/**
 * JSON with exact numbers. An integer beyond 2^53 is a bigint; a decimal that a double would change is an ExactNumber.
 * Both occur only where the text needs them, so ordinary JSON costs one regular expression more than JSON.parse.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | ExactNumber
  | readonly JsonValue[]
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A number kept as its source text, because no double equals it. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** For JSON.stringify: the number as it was read. */
  toJSON(): unknown {
    return rawJson(this.text);
  }
}

/**
 * Whether a number may round: it has 16 characters or an exponent. White space beyond one blank is left to CANDIDATES.
 * Looking only where a number can stand keeps the hex digits of ids (`3e7`) out, and costs 30 to 40 % of JSON.parse on
 * typical records.
 */
export const MAY_ROUND =
  /[:,[](?:[-\d](?:[\d.]{15}|[\d.]*[eE])| (?:[-\d](?:[\d.]{15}|[\d.]*[eE])|\s)|[\n\r\t])/;
const CANDIDATES = /(?<![^:,[\s])-?\d(?:[\d.]{15,}(?:[eE][-+]?\d+)?|[\d.]*[eE][-+]?\d+)/g;

/** Parses JSON text. Throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): JsonValue {
  // A text that begins with neither bracket may be a number itself, without the context that MAY_ROUND looks for.
  const first = text.charCodeAt(0);
  if ((first === 123 || first === 91) && !MAY_ROUND.test(text)) return JSON.parse(text) as JsonValue;
  if (text.match(CANDIDATES)?.every(isExact) ?? true) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as JsonValue;
}

function isExact(source: string): boolean {
  return typeof exactNumber(source, Number(source)) === "number";
}

function exact(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === "number" && context.source !== undefined
    ? exactNumber(context.source, value)
    : value;
}

function exactNumber(source: string, value: number): number | bigint | ExactNumber {
  // Not `1e+21`, which is how a double that large prints itself.
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value) && !source.includes("e");
  if (String(value) === source) return isLong ? BigInt(source) : value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  return sameNumber(source, value) ? value : new ExactNumber(source);
}

/** Whether a double holds exactly the decimal value that `source` spells, or prints back as it. */
function sameNumber(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  return plainDigits(source) === plainDigits(String(value));
}

/** Sign, digits without outer zeros, and exponent: equal for two spellings of one decimal value. */
function plainDigits(text: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return "0";
  const scale = Number(exponent) - fraction.length + (digits.length - trimmed.length);
  return `${sign}${trimmed}e${scale}`;
}

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

/**
 * JSON text of a value, exact numbers written as they were read. `undefined` members are left out. A bigint makes
 * JSON.stringify throw; only then the slow way is taken, as a replacer for every value would double the time.
 */
export function stringifyJson(value: JsonValue | undefined): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_key, member: unknown) =>
      typeof member === "bigint" ? rawJson(member.toString()) : member,
    );
  }
}

/** Deeper values overflow the stack of whoever walks or writes them; no database takes them. */
export const MAX_DEPTH = 1000;

/** Whether objects and arrays lie deeper than MAX_DEPTH in a JSON text. Texts too short for that cost nothing. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 92) at += 1;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 93 || code === 125) depth -= 1;
  }
  return false;
}

export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}
