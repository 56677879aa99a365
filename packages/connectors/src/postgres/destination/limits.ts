import {
  formatDate,
  formatTimestamp,
  hasNul,
  jsonTrouble,
  type Misfit,
  parseDate,
  parseDecimal,
  parseInteger,
  parseTimestamp,
  roundDecimal,
} from "@weir/kit";
import type { FieldKind } from "@weir/protocol";
import { arrayLiteral } from "./array-literal.ts";
import { OID, type PgType } from "./types.ts";
import { isJson } from "./widen.ts";

/** Makes canonical text what a column takes, or says why it cannot be taken as it is. */
export type Limit = (text: string) => string | Misfit;

const WRONG_TYPE = misfit("NULLED", "DESTINATION_SERIALIZATION_ERROR", null);
const TOO_LARGE = misfit("NULLED", "DESTINATION_FIELD_SIZE_LIMITATION", null);

function misfit(change: Misfit["change"], reason: Misfit["reason"], text: string | null): Misfit {
  return { change, reason, text };
}

function shortened(text: string): Misfit {
  return misfit("TRUNCATED", "DESTINATION_FIELD_SIZE_LIMITATION", text);
}

/** One byte below 1 GB, less the four of the value's own length. */
const MAX_FIELD_BYTES = 0x3fff_ffff - 4;
const PG_14 = 140_000;

/**
 * What a column of `type` allows, beyond what the kit has checked for the field's kind. What no check here knows, such as
 * the spelling of a uuid, the server refuses; rescue.ts treats that.
 */
export function limitOf(kind: FieldKind, type: PgType, version: number): Limit {
  if (isJson(type)) return isJsonKind(kind) ? jsonLimit(type) : jsonOf(kind);
  switch (type.oid) {
    case OID.bool:
      return (text) => text;
    case OID.int2:
      return integerLimit(32_767n);
    case OID.int4:
      return integerLimit(2_147_483_647n);
    case OID.int8:
      return integerLimit(9_223_372_036_854_775_807n);
    case OID.float4:
      return floatLimit(Math.fround);
    case OID.float8:
      return floatLimit((value) => value);
    case OID.numeric:
      return numericLimit(type, version);
    case OID.date:
      return dateLimit;
    case OID.timestamp:
      return timestampLimit("");
    case OID.timestamptz:
      return timestampLimit("+00");
    case OID.time:
    case OID.timetz:
      return (text) => text;
    case OID.varchar:
    case OID.bpchar:
      return textLimit(
        type.modifiers === "" ? Number.POSITIVE_INFINITY : Number(type.modifiers.slice(1, -1)),
      );
    default:
      return kind === "array" && type.oid !== OID.text
        ? arrayLimit(type)
        : textLimit(Number.POSITIVE_INFINITY);
  }
}

/** Boxes have commas of their own; an array of them is the only one with another mark between its elements. */
function arrayLimit({ oid }: PgType): Limit {
  const mark = oid === OID.boxes ? ";" : ",";
  return (text) => arrayLiteral(text, mark);
}

function isJsonKind(kind: FieldKind): boolean {
  return kind === "object" || kind === "array" || kind === "union" || kind === "unknown";
}

function textLimit(characters: number): Limit {
  return (text) => {
    if (hasNul(text)) return WRONG_TYPE;
    if (text.length > characters && characterCount(text) > characters) return TOO_LARGE;
    // A character has at most three bytes for each of its UTF-16 units.
    return text.length * 3 > MAX_FIELD_BYTES && Buffer.byteLength(text) > MAX_FIELD_BYTES ? TOO_LARGE : text;
  };
}

/** As the server counts: a surrogate pair is one. */
function characterCount(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

function jsonLimit({ oid }: PgType): Limit {
  const asText = textLimit(Number.POSITIVE_INFINITY);
  // `json` keeps the text and looks at no escape.
  if (oid === OID.json) return asText;
  return (text) => (jsonTrouble(text) === undefined ? asText(text) : WRONG_TYPE);
}

/** A column that became JSON takes what is no JSON as a JSON number, boolean or string. */
function jsonOf(kind: FieldKind): Limit {
  if (kind === "boolean") return (text) => text;
  const quote: Limit = (text) => (hasNul(text) ? WRONG_TYPE : JSON.stringify(text));
  if (kind !== "integer" && kind !== "number") return quote;
  return (text) =>
    /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text) ? text : jsonNumber(text, quote);
}

/** `007` is canonical for an integer and no JSON; NaN and the infinities become strings. */
function jsonNumber(text: string, quote: Limit): string | Misfit {
  const value = parseDecimal(text);
  return typeof value === "object" ? `${value.unscaled}e${-value.scale}` : quote(text);
}

function integerLimit(max: bigint): Limit {
  const digits = max.toString().length;
  return (text) => {
    if (text.length < digits) return text;
    const value = parseInteger(text);
    return value === undefined || value > max || value < -max - 1n ? TOO_LARGE : text;
  };
}

/** The server refuses what is too large or too small for a float instead of making it infinite or zero. */
function floatLimit(round: (value: number) => number): Limit {
  return (text) => {
    const value = round(Number(text));
    if (value === 0 && /[1-9]/.test(text.split(/[eE]/)[0] ?? "")) return shortened("0");
    return Number.isFinite(value) || /^-?Infinity$|^NaN$/.test(text) ? text : TOO_LARGE;
  };
}

/** Digits that numeric without limits has on either side of the point. */
const MAX_WHOLE_DIGITS = 131_072;
const MAX_FRACTION_DIGITS = 16_383;

function numericLimit({ modifiers }: PgType, version: number): Limit {
  if (modifiers !== "") {
    const [precision = 0, scale = 0] = modifiers.slice(1, -1).split(",").map(Number);
    return (text) => roundedDecimal(text, precision, scale);
  }
  return (text) => {
    if (text.length < 1000 && !/[eEI]/.test(text)) return text;
    if (text.endsWith("Infinity")) return version >= PG_14 ? text : TOO_LARGE;
    return roundedDecimal(text, MAX_WHOLE_DIGITS + MAX_FRACTION_DIGITS, MAX_FRACTION_DIGITS);
  };
}

function roundedDecimal(text: string, precision: number, scale: number): string | Misfit {
  const value = parseDecimal(text);
  if (value === "NaN") return text;
  if (typeof value !== "object") return TOO_LARGE;
  if (value.scale <= scale && value.unscaled.toString().length + scale - value.scale <= precision) {
    // Plain digits are left as they are; an exponent can stand for more digits after the point than are stored.
    return /[eE]/.test(text) ? `${value.unscaled}e${-value.scale}` : text;
  }
  const fitted = roundDecimal(value, precision, scale);
  if (fitted === undefined) return TOO_LARGE;
  const written = `${fitted.unscaled}e${-scale}`;
  return fitted.rounded ? shortened(written) : written;
}

/** Years 1 to 9999, which need no second look. */
const PLAIN_YEAR = /^\d{4}-.*[^C]$/;

const FIRST_DAY = parseDate("4714-11-24 BC") as number;
const LAST_DAY = parseDate("5874897-12-31") as number;

function dateLimit(text: string): string | Misfit {
  if (PLAIN_YEAR.test(text)) return text;
  const days = parseDate(text);
  if (typeof days !== "number") return text;
  return days < FIRST_DAY || days > LAST_DAY ? TOO_LARGE : formatDate(days);
}

const FIRST_INSTANT = BigInt(FIRST_DAY) * 86_400_000_000n;
const LAST_INSTANT = BigInt(parseDate("294276-12-31") as number) * 86_400_000_000n + 86_399_999_999n;

function timestampLimit(zone: "" | "+00"): Limit {
  return (text) => {
    if (PLAIN_YEAR.test(text)) return text;
    const value = parseTimestamp(text);
    if (typeof value !== "object") return text;
    const { micros } = value;
    return micros < FIRST_INSTANT || micros > LAST_INSTANT ? TOO_LARGE : formatTimestamp(micros, zone);
  };
}
