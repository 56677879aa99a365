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
}

/** Sixteen digits or dots in a row, or an exponent: only then can a double differ from the text. */
const MAY_ROUND = /[\d.]{16}|\d[eE][-+]?\d/;

/** Parses JSON text. Throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): JsonValue {
  if (!MAY_ROUND.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as JsonValue;
}

function exact(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context.source === undefined) return value;
  const source = context.source;
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

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON text of a value, exact numbers written as they were read. `undefined` members are left out. */
export function stringifyJson(value: JsonValue | undefined): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return (JSON as unknown as RawJson).rawJSON(member.toString());
    if (member instanceof ExactNumber) return (JSON as unknown as RawJson).rawJSON(member.text);
    return member;
  });
}

export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}
