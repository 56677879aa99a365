import { parseDate, parseTime, parseTimestamp } from "@weir/kit";
import type { FieldKind, JsonValue } from "@weir/protocol";
import { ExactNumber } from "@weir/protocol";

/** What the values of a column looked like so far; undefined: there were none. */
export type Guess = FieldKind | undefined;

/**
 * The kind of a text, guessed carefully: what would look otherwise when it is written again is a string. So are leading
 * zeros, `+1`, `1e5` (which may be an id), blanks around, integers beyond 64 bits, NaN, and dates in other forms.
 */
export function kindOfText(text: string): FieldKind {
  const first = text.charCodeAt(0);
  const isDigit = first >= 48 && first <= 57;
  if (isDigit || first === 45) {
    if (INTEGER.test(text)) return fits64(text) ? "integer" : "string";
    if (NUMBER.test(text)) return "number";
    return isDigit ? kindOfTime(text) : "string";
  }
  return text === "true" || text === "false" ? "boolean" : "string";
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
/** An exponent needs a sign or a point: `12e4` may be a name. */
const NUMBER = /^-?(?:0|[1-9]\d{0,37})(?:\.\d{1,40}(?:[eE][-+]?\d{1,4})?|[eE][-+]\d{1,4})$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[-+]\d\d(?::?\d\d)?)?$/;
const TIME = /^\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[-+]\d\d(?::\d\d)?)?$/;

function fits64(text: string): boolean {
  if (text.length < 19) return true;
  return text.length <= 20 && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function kindOfTime(text: string): FieldKind {
  if (DATE.test(text)) return parseDate(text) === undefined ? "string" : "date";
  const stamp = TIMESTAMP.exec(text);
  if (stamp !== null) {
    if (parseTimestamp(text) === undefined) return "string";
    return stamp[1] === undefined ? "timestamp_without_timezone" : "timestamp_with_timezone";
  }
  const time = TIME.exec(text);
  if (time === null || parseTime(text) === undefined) return "string";
  return time[1] === undefined ? "time_without_timezone" : "time_with_timezone";
}

/** The kind of a JSON value; undefined for null. Texts are looked at for dates and times only: "1" is a text. */
export function kindOfJson(value: JsonValue | undefined): Guess {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "bigint":
      return BigInt.asIntN(64, value) === value ? "integer" : "number";
    case "number":
      return Number.isInteger(value) ? "integer" : "number";
    case "string": {
      const code = value.charCodeAt(0);
      return code >= 48 && code <= 57 ? kindOfTime(value) : "string";
    }
    case "undefined":
      return undefined;
    default:
      if (value === null) return undefined;
      if (value instanceof ExactNumber) return "number";
      return Array.isArray(value) ? "array" : "object";
  }
}

const SPELT = new Set<FieldKind>([
  "string",
  "date",
  "timestamp_with_timezone",
  "timestamp_without_timezone",
  "time_with_timezone",
  "time_without_timezone",
]);

/**
 * The narrowest kind that holds what both hold as it is. `texts`: values are texts anyway, as in CSV; else a column of
 * texts and numbers is a union, which keeps them apart.
 */
export function widened(one: Guess, other: Guess, texts: boolean): Guess {
  if (one === undefined || one === other) return other;
  if (other === undefined) return one;
  const pair = new Set([one, other]);
  if (pair.has("integer") && pair.has("number")) return "number";
  if (pair.has("date") && pair.has("timestamp_without_timezone")) return "timestamp_without_timezone";
  if (texts || (SPELT.has(one) && SPELT.has(other))) return "string";
  return "union";
}
