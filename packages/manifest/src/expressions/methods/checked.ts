import { typeError } from "../python-error.ts";
import { toFloat } from "../values/numbers.ts";
import { isFloat, isInt, typeName } from "../values/types.ts";

/** Arguments as a type that Python insists on; a TypeError otherwise. */

export function asText(value: unknown, what = "argument"): string {
  if (typeof value !== "string") throw typeError(`${what} must be str, not ${typeName(value)}`);
  return value;
}

export function asIndex(value: unknown): number {
  if (typeof value === "boolean") return Number(value);
  if (!isInt(value)) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(value);
}

export function asNumber(value: unknown): number {
  if (typeof value !== "boolean" && !isInt(value) && !isFloat(value))
    throw typeError(`unsupported type for a number: ${typeName(value)}`);
  return toFloat(value);
}

/** An index as Python reads it: counted from the end where negative, cut to what there is. */
export function clamped(value: unknown, length: number, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  const index = asIndex(value);
  return Math.max(0, Math.min(length, index < 0 ? index + length : index));
}
