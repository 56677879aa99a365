import { ExactNumber } from "@weir/protocol";
import { limitError, PythonError, typeError } from "../python-error.ts";
import { isFloat, isInt } from "./types.ts";

/** An int, a float or a bool; what counts is its value. */
export type Numeric = number | bigint | ExactNumber | boolean;

export function isNumeric(value: unknown): value is Numeric {
  return (
    typeof value === "number" ||
    typeof value === "bigint" ||
    typeof value === "boolean" ||
    value instanceof ExactNumber
  );
}

/** A float: ExactNumber where it has no fraction, so that it stays apart from an int. */
export function float(value: number): number | ExactNumber {
  return Number.isInteger(value) ? new ExactNumber(floatText(value)) : value;
}

/** The smallest form of an int. */
export function int(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function toFloat(value: Numeric): number {
  if (typeof value === "number") return value;
  if (value instanceof ExactNumber) return Number(value.text);
  const number = Number(value);
  if (!Number.isFinite(number)) throw new PythonError("OverflowError", "int too large to convert to float");
  return number;
}

function toBigInt(value: number | bigint | boolean): bigint {
  return BigInt(value);
}

/** Truncated as Python's int() does. */
export function truncated(value: number): number | bigint {
  if (Number.isNaN(value)) throw new PythonError("ValueError", "cannot convert float NaN to integer");
  if (!Number.isFinite(value))
    throw new PythonError("OverflowError", "cannot convert float infinity to integer");
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole);
}

/** `repr` of a float: the shortest digits that read back as it, an exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = "", exponent = ""] = value.toExponential().split("e");
    const places = exponent.slice(1).padStart(2, "0");
    return `${digits}e${exponent.startsWith("-") ? "-" : "+"}${places}`;
  }
  const text = String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

type IntOperation = (a: bigint, b: bigint) => bigint;

/** About 6,000 digits; Python prints no more than 4,300. */
const MAX_BITS = 20_000;

function checkBits(bits: number): void {
  if (bits > MAX_BITS) throw limitError("a number gets too long");
}

function bitsOf(value: bigint): number {
  return value.toString(16).length * 4;
}

function isWhole(value: Numeric): value is number | bigint | boolean {
  return isInt(value) || typeof value === "boolean";
}

function arithmetic(
  a: Numeric,
  b: Numeric,
  onFloats: (a: number, b: number) => number,
  onInts: IntOperation,
): Numeric {
  if (!isWhole(a) || !isWhole(b)) return float(onFloats(toFloat(a), toFloat(b)));
  if (typeof a !== "bigint" && typeof b !== "bigint") {
    const result = onFloats(Number(a), Number(b));
    if (Number.isSafeInteger(result)) return result + 0;
  }
  return int(onInts(toBigInt(a), toBigInt(b)));
}

export function add(a: Numeric, b: Numeric): Numeric {
  return arithmetic(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
}

export function subtract(a: Numeric, b: Numeric): Numeric {
  return arithmetic(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
}

export function multiply(a: Numeric, b: Numeric): Numeric {
  return arithmetic(
    a,
    b,
    (x, y) => x * y,
    (x, y) => {
      checkBits(bitsOf(x) + bitsOf(y));
      return x * y;
    },
  );
}

function zeroDivision(): PythonError {
  return new PythonError("ZeroDivisionError", "division by zero");
}

export function divide(a: Numeric, b: Numeric): Numeric {
  const divisor = toFloat(b);
  if (divisor === 0) throw zeroDivision();
  return float(toFloat(a) / divisor);
}

/** The remainder has the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

export function modulo(a: Numeric, b: Numeric): Numeric {
  if (toFloat(b) === 0) throw zeroDivision();
  return arithmetic(a, b, floatModulo, (x, y) => {
    const rest = x % y;
    return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
  });
}

export function floorDivide(a: Numeric, b: Numeric): Numeric {
  if (toFloat(b) === 0) throw zeroDivision();
  if (!isWhole(a) || !isWhole(b)) {
    const [x, y] = [toFloat(a), toFloat(b)];
    return float(Math.round((x - floatModulo(x, y)) / y));
  }
  const [x, y] = [toBigInt(a), toBigInt(b)];
  const quotient = x / y;
  return int(x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient);
}

export function power(a: Numeric, b: Numeric): Numeric {
  if (isWhole(a) && isWhole(b) && Number(b) >= 0) {
    const base = toBigInt(a);
    const exponent = toBigInt(b);
    if (base !== 0n && base !== 1n && base !== -1n) checkBits(bitsOf(base) * Number(exponent));
    else if (exponent > 1n) return int(base ** (exponent % 2n === 0n ? 2n : 1n));
    return int(base ** exponent);
  }
  const [x, y] = [toFloat(a), toFloat(b)];
  if (x === 0 && y < 0)
    throw new PythonError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  const result = x ** y;
  if (Number.isNaN(result) && !Number.isNaN(x) && !Number.isNaN(y))
    throw typeError("complex numbers are not supported");
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y))
    throw new PythonError("OverflowError", "the result of ** is too large");
  return float(result);
}

export function negate(value: Numeric): Numeric {
  if (isFloat(value)) return float(-toFloat(value));
  return typeof value === "bigint" ? int(-value) : 0 - Number(value);
}

/** Below, equal, above zero; NaN where either is not a number. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === "number" && typeof b === "number")
    return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
  // JavaScript compares a bigint and a number by their values.
  const [x, y] = [comparable(a), comparable(b)];
  // eslint-disable-next-line eslint/eqeqeq
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : Number.NaN;
}

function comparable(value: Numeric): number | bigint {
  if (value instanceof ExactNumber) return Number(value.text);
  return typeof value === "boolean" ? Number(value) : value;
}

/** Fixed digits after the point; what lies exactly between two goes to the even one, as in Python. */
export function fixed(value: number, digits: number): string {
  const places = Math.max(0, Math.min(digits, 60));
  const text = value.toFixed(places);
  const exact = value.toFixed(places + 40);
  const isTie = /^50*$/.test(exact.slice(exact.length - 40));
  // JavaScript takes the larger of two that are equally near.
  if (!isTie || Math.abs(value) >= 1e15) return text;
  const even = /[02468]$/;
  if (even.test(text)) return text;
  const other = (Number(text) - (Number(text) < value ? -1 : 1) * 10 ** -places).toFixed(places);
  return even.test(other) ? other : text;
}
