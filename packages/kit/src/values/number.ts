import type { Misfit } from "./misfit.ts";
import { WRONG_TYPE } from "./misfit.ts";

/** `unscaled * 10^-scale`; a scale below 0 stands for zeros before the point. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57;
}

/** Index after the digits that begin at `from`. */
function skipDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** Digits with an optional sign, as canonical text. */
export function integerText(text: string): string | Misfit {
  const sign = text.charCodeAt(0);
  const from = sign === MINUS || sign === PLUS ? 1 : 0;
  if (text.length === from || skipDigits(text, from) !== text.length) return WRONG_TYPE;
  return sign === PLUS ? text.slice(1) : text;
}

/** The integer a text spells, of any length. Undefined when it spells none. */
export function parseInteger(text: string): bigint | undefined {
  const checked = integerText(text);
  return typeof checked === "string" ? BigInt(checked) : undefined;
}

/** A decimal number, `NaN`, `Infinity` or `-Infinity`, as canonical text: digits on both sides of a point. */
export function numberText(text: string): string | Misfit {
  const sign = text.charCodeAt(0);
  const from = sign === MINUS || sign === PLUS ? 1 : 0;
  const whole = skipDigits(text, from);
  let at = whole;
  let fraction = at;
  if (text.charCodeAt(at) === POINT) {
    fraction = at + 1;
    at = skipDigits(text, fraction);
  }
  const hasPoint = fraction > whole;
  if (whole === from && at === fraction) return specialNumber(text);
  if (at < text.length) {
    if ((text.charCodeAt(at) | 32) !== 101) return WRONG_TYPE;
    const exponentSign = text.charCodeAt(at + 1);
    const digits = at + (exponentSign === MINUS || exponentSign === PLUS ? 2 : 1);
    if (digits >= text.length || skipDigits(text, digits) !== text.length) return WRONG_TYPE;
  }
  if (sign !== PLUS && whole > from && (!hasPoint || at > fraction)) return text;
  const digits = `${text.slice(from, whole) || "0"}${at > fraction ? text.slice(whole, at) : ""}`;
  return `${sign === MINUS ? "-" : ""}${digits}${text.slice(at)}`;
}

function specialNumber(text: string): string | Misfit {
  return text === "NaN" || text === "Infinity" || text === "-Infinity" ? text : WRONG_TYPE;
}

/** The number a text spells, exactly. Undefined when it spells none or its exponent has more than 9 digits. */
export function parseDecimal(text: string): Decimal | "NaN" | "Infinity" | "-Infinity" | undefined {
  const checked = numberText(text);
  if (typeof checked !== "string") return undefined;
  if (checked === "NaN" || checked === "Infinity" || checked === "-Infinity") return checked;
  const mark = checked.search(/[eE]/);
  const digits = mark < 0 ? checked : checked.slice(0, mark);
  const exponent = mark < 0 ? 0 : Number(checked.slice(mark + 1));
  if (Math.abs(exponent) > 999_999_999) return undefined;
  const point = digits.indexOf(".");
  if (point < 0) return { unscaled: BigInt(digits), scale: 0 - exponent };
  const unscaled = BigInt(digits.slice(0, point) + digits.slice(point + 1));
  return { unscaled, scale: digits.length - point - 1 - exponent };
}

export interface RoundedDecimal {
  /** The value times 10^scale. */
  readonly unscaled: bigint;
  /** Digits other than zero were lost, half away from zero. */
  readonly rounded: boolean;
}

/** The value as DECIMAL(precision, scale). Undefined when it has too many digits before the point. */
export function roundDecimal(value: Decimal, precision: number, scale: number): RoundedDecimal | undefined {
  const fitted = value.scale <= scale ? widen(value, precision, scale) : narrow(value, scale);
  if (fitted === undefined) return undefined;
  const limit = power(precision);
  return fitted.unscaled < limit && fitted.unscaled > -limit ? fitted : undefined;
}

function widen(value: Decimal, precision: number, scale: number): RoundedDecimal | undefined {
  if (value.unscaled === 0n) return { unscaled: 0n, rounded: false };
  const zeros = scale - value.scale;
  // Guards the power below: 1e999999999 must not build a number of that many digits.
  if (zeros > precision) return undefined;
  return { unscaled: value.unscaled * power(zeros), rounded: false };
}

function narrow(value: Decimal, scale: number): RoundedDecimal {
  const dropped = value.scale - scale;
  if (dropped > 100 && dropped > value.unscaled.toString().length) {
    return { unscaled: 0n, rounded: value.unscaled !== 0n };
  }
  const divisor = power(dropped);
  const quotient = value.unscaled / divisor;
  const rest = value.unscaled % divisor;
  if (rest === 0n) return { unscaled: quotient, rounded: false };
  const half = 2n * (rest < 0n ? -rest : rest) >= divisor;
  const away = value.unscaled < 0n ? -1n : 1n;
  return { unscaled: half ? quotient + away : quotient, rounded: true };
}

const POWERS = Array.from({ length: 80 }, (_, exponent) => 10n ** BigInt(exponent));

function power(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

/** The digits of a number whose value is whole, `1.50e3` for example; undefined for any other. */
export function wholeText(text: string): string | undefined {
  const value = parseDecimal(text);
  if (typeof value !== "object") return undefined;
  // An int64 has 19 digits; far beyond it the text is only needed to say that it is too large.
  const whole = roundDecimal(value, 1000, 0);
  return whole === undefined || whole.rounded ? undefined : whole.unscaled.toString();
}
