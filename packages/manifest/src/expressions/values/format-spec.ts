import { spendSize } from "../meter.ts";
import { typeError, valueError } from "../python-error.ts";
import { CalendarDate, Moment, strftime } from "../datetime/index.ts";
import { fixed, floatText, isNumeric, type Numeric, toFloat } from "./numbers.ts";
import { textOf } from "./text.ts";
import { isInt, typeName } from "./types.ts";

export interface NumberShape {
  /** "+", " " or nothing: what stands before numbers that are not negative. */
  readonly sign?: string | undefined;
  readonly code: string;
  readonly precision?: number | undefined;
  readonly grouping?: string | undefined;
}

/** A number in the way of one format code, without padding. */
export function formatNumber(
  value: Numeric,
  { sign = "", code, precision = 6, grouping = "" }: NumberShape,
): string {
  const isNegative = toFloat(value) < 0;
  const digits = unsigned(value, code, precision);
  const [whole = "", ...rest] = digits.split(/(?=[.e])/);
  const grouped = grouping === "" ? whole : whole.replace(/\B(?=(?:\d{3})+$)/g, grouping);
  return (isNegative ? "-" : sign) + grouped + rest.join("");
}

function unsigned(value: Numeric, code: string, precision: number): string {
  const size = Math.abs(toFloat(value));
  const lower = code.toLowerCase();
  let text: string;
  if ("dxob".includes(lower)) {
    const whole = BigInt(value as number);
    text = (whole < 0n ? -whole : whole).toString({ d: 10, x: 16, o: 8, b: 2 }[lower]);
  } else if (lower === "f") text = size < 1e21 ? fixed(size, precision) : String(BigInt(size));
  else if (lower === "e") text = withExponent(size.toExponential(Math.min(precision, 100)));
  else text = general(size, precision);
  return code === lower ? text : text.toUpperCase();
}

function withExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, "e$10$2");
}

/** `%g`: the shorter of fixed and exponent, zeros at the end left out. */
function general(size: number, precision: number): string {
  if (size === 0) return "0";
  const digits = Math.max(1, Math.min(precision, 100));
  const text = size.toExponential(digits - 1);
  const exponent = Number(text.split("e")[1]);
  if (exponent < -4 || exponent >= digits) return withExponent(text.replace(/\.?0+e/, "e"));
  const plain = size.toFixed(Math.max(0, digits - 1 - exponent));
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?#?(0)?(\d{1,6})?([,_])?(?:\.(\d{1,3}))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. */
export function formatSpec(value: unknown, spec: string): string {
  if (spec === "") return textOf(value);
  if (value instanceof Moment || value instanceof CalendarDate) return strftime(value, spec);
  const match = SPEC.exec(spec);
  if (match === null) throw valueError("Invalid format specifier");
  const [, givenFill, givenAlign, sign, zero, width = "0", grouping, precision, code = ""] = match;
  spendSize(Number(width));
  const isNumber = isNumeric(value) && typeof value !== "boolean";
  const body = isNumber
    ? numberBody(value, {
        sign,
        code,
        precision: precision === undefined ? undefined : Number(precision),
        grouping,
      })
    : textBody(value, code, precision);
  const align = givenAlign ?? (zero === undefined ? (isNumber ? ">" : "<") : "=");
  return aligned(body, Number(width), align, givenFill ?? (zero === undefined ? " " : "0"));
}

function textBody(value: unknown, code: string, precision: string | undefined): string {
  if (typeof value !== "string" && typeof value !== "boolean")
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  if (code !== "" && code !== "s") throw valueError(`Unknown format code '${code}' for object of type 'str'`);
  const text = textOf(value);
  return precision === undefined ? text : text.slice(0, Number(precision));
}

function numberBody(value: Numeric, shape: NumberShape): string {
  const { code, precision } = shape;
  if (code === "%") {
    const text = formatNumber(toFloat(value) * 100, { ...shape, code: "f", precision: precision ?? 6 });
    return `${text}%`;
  }
  if (isInt(value) && (code === "" || code === "n")) return formatNumber(value, { ...shape, code: "d" });
  if ("dxXobn".includes(code) && code !== "" && !isInt(value))
    throw valueError(`Unknown format code '${code}' for object of type 'float'`);
  if (code === "s" || code === "c") throw valueError(`Unknown format code '${code}' for a number`);
  if (code === "" && precision === undefined) {
    const text = floatText(toFloat(value));
    return text.startsWith("-") ? text : (shape.sign?.trim() ?? "") + text;
  }
  return formatNumber(value, { ...shape, code: code === "" || code === "n" ? "g" : code });
}

function aligned(text: string, width: number, align: string, fill: string): string {
  const missing = width - text.length;
  if (missing <= 0) return text;
  if (align === "<") return text + fill.repeat(missing);
  if (align === ">") return fill.repeat(missing) + text;
  if (align === "=") {
    const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
    return sign + fill.repeat(missing) + text.slice(sign.length);
  }
  const before = Math.floor(missing / 2);
  return fill.repeat(before) + text + fill.repeat(missing - before);
}
