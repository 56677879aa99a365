import { ExactNumber } from "@weir/protocol";
import { asIndex, asNumber } from "../methods/checked.ts";
import { PythonError, typeError } from "../python-error.ts";
import { fixed, float, int, isNumeric, negate, toFloat, truncated } from "../values/numbers.ts";
import { roundHalfEven } from "../datetime/timedelta.ts";
import { isFloat, isInt, typeName, Undefined } from "../values/types.ts";
import { applied } from "./table.ts";

const DIGITS = /^[+-]?\d+(?:_\d+)*$/;

/** Python's `int(text, base)`; undefined where it is none. */
function intOfText(text: string, base: number): number | bigint | undefined {
  const digits = text.trim();
  if (base === 10) {
    if (!DIGITS.test(digits) || digits.length > 4300) return undefined;
    return int(BigInt(digits.replaceAll("_", "").replace(/^\+/, "")));
  }
  const match = /^([+-]?)(0[xXoObB])?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(digits);
  if (match === null) return undefined;
  const prefix = { x: 16, o: 8, b: 2 }[(match[2] ?? "")[1]?.toLowerCase() ?? ""];
  const radix = base === 0 ? (prefix ?? 10) : base;
  if (prefix !== undefined && prefix !== radix) return undefined;
  const value = Number.parseInt((match[3] ?? "").replaceAll("_", ""), radix);
  return Number.isSafeInteger(value) ? (match[1] === "-" ? 0 - value : value) : undefined;
}

const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*|\d+(?:_\d+)*\.?)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const SPECIAL = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;

/** Python's `float(value)`; undefined where it raises a TypeError or a ValueError. */
function floatOf(value: unknown): number | undefined {
  if (value instanceof Undefined) return value.fail();
  if (isNumeric(value)) return toFloat(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (FLOAT.test(text)) return Number(text.replaceAll("_", ""));
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2] === undefined) return Number.NaN;
  return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function toInt(value: unknown, fallback: unknown, base: unknown): unknown {
  if (value instanceof Undefined) return value.fail();
  if (typeof value === "boolean") return Number(value);
  if (isInt(value)) return value;
  if (isFloat(value)) {
    const number = toFloat(value);
    return Number.isNaN(number) ? fallback : truncated(number);
  }
  const read = typeof value === "string" ? intOfText(value, asIndex(base)) : undefined;
  if (read !== undefined) return read;
  const number = floatOf(value);
  return number === undefined || !Number.isFinite(number) ? fallback : truncated(number);
}

function round(value: unknown, precision: unknown, method: unknown): unknown {
  if (method !== "common" && method !== "ceil" && method !== "floor")
    throw new PythonError("FilterArgumentError", "method must be common, ceil or floor");
  if (value instanceof Undefined) return value.fail();
  if (!isNumeric(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const digits = asIndex(precision);
  const factor = 10 ** digits;
  if (method !== "common") {
    const scaled = toFloat(value) * factor;
    return float((method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / factor);
  }
  if (!(value instanceof ExactNumber) && !isFloat(value))
    return digits >= 0 ? Number(value) : roundHalfEven(Number(value) * factor) / factor;
  const number = toFloat(value);
  if (digits < 0 || digits > 100) return float(roundHalfEven(number * factor) / factor);
  return float(Math.abs(number) < 1e15 ? Number(fixed(number, digits)) : number);
}

function absolute(value: unknown): unknown {
  if (!isNumeric(value)) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  if (typeof value === "boolean") return Number(value);
  return asNumber(value) < 0 ? negate(value) : value;
}

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

function fileSize(value: unknown, isBinary: unknown): string {
  const bytes = floatOf(value) ?? 0;
  const base = isBinary === true ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let unit = base;
  for (const name of UNITS) {
    unit *= base;
    if (bytes < unit || name === "YB") {
      const label = isBinary === true ? `${name.slice(0, 1).toUpperCase()}iB` : name;
      return `${((base * bytes) / unit).toFixed(1)} ${label}`;
    }
  }
  return "";
}

export const NUMBER_FILTERS = applied({
  abs: absolute,
  "filesizeformat binary?": fileSize,
  "float default?": (value, fallback = float(0)) => {
    const number = floatOf(value);
    return number === undefined ? fallback : float(number);
  },
  "int default? base?": (value, fallback = 0, base = 10) => toInt(value, fallback, base),
  "round precision? method?": (value, precision = 0, method = "common") => round(value, precision, method),
});
