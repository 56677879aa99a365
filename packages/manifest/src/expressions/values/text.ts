import { ExactNumber } from "@weir/protocol";
import { CalendarDate, Duration, Moment, Timedelta } from "../datetime/index.ts";
import { MAX_DEPTH, spend, spendSize } from "../meter.ts";
import { PythonError, valueError } from "../python-error.ts";
import { entriesOf } from "./members.ts";
import { floatText } from "./numbers.ts";
import { PythonSet } from "./set.ts";
import { Bytes, Callable, ELLIPSIS, isDict, LazyItems, Namespace, Tuple, Undefined } from "./types.ts";

/** Python's `str`. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (value instanceof Undefined) return "";
  if (value instanceof Moment || value instanceof CalendarDate) return value.toString();
  if (value instanceof Timedelta || value instanceof Duration) return value.toString();
  return reprOf(value);
}

/** Python's `repr`. */
export function reprOf(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new PythonError("RecursionError", "data is nested too deep");
  if (value === null) return "None";
  switch (typeof value) {
    case "string":
      return textRepr(value);
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return Number.isSafeInteger(value) ? String(value) : floatText(value);
    case "bigint":
      return bigText(value);
    case "symbol":
      return value === ELLIPSIS ? "Ellipsis" : "";
    default:
      return objectRepr(value, depth);
  }
}

function bigText(value: bigint): string {
  const text = value.toString();
  if (text.length > 4301) throw valueError("Exceeds the limit (4300 digits) for integer string conversion");
  return text;
}

function objectRepr(value: unknown, depth: number): string {
  if (value instanceof ExactNumber) return floatText(Number(value.text));
  if (Array.isArray(value)) return arrayRepr(value, depth);
  if (value instanceof PythonSet) {
    const items = [...value.items()];
    return items.length === 0 ? "set()" : `{${joined(items.map((item) => reprOf(item, depth + 1)))}}`;
  }
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Moment) return momentRepr(value);
  if (value instanceof CalendarDate) {
    const { year, month, day } = value.civil;
    return `datetime.date(${year}, ${month}, ${day})`;
  }
  if (value instanceof Timedelta || value instanceof Duration) return value.repr();
  if (value instanceof Callable) return `<function ${value.name}>`;
  if (value instanceof LazyItems) return `<generator object ${value.name}>`;
  if (value instanceof Namespace) return `<${value.className}>`;
  if (value instanceof Bytes) return `b${textRepr(value.text)}`;
  return isDict(value) ? dictRepr(value, depth) : "None";
}

function arrayRepr(value: readonly unknown[], depth: number): string {
  const body = joined(value.map((item) => reprOf(item, depth + 1)));
  if (!(value instanceof Tuple)) return `[${body}]`;
  return value.length === 1 ? `(${body},)` : `(${body})`;
}

function dictRepr(value: Parameters<typeof entriesOf>[0], depth: number): string {
  const parts: string[] = [];
  for (const [key, member] of entriesOf(value))
    parts.push(`${reprOf(key, depth + 1)}: ${reprOf(member, depth + 1)}`);
  return `{${joined(parts)}}`;
}

/** A value can hold another one twice, so its text can be far longer than itself. */
function joined(parts: readonly string[]): string {
  spend(parts.length);
  let length = 0;
  for (const part of parts) length += part.length;
  spendSize(length);
  return parts.join(", ");
}

function momentRepr(value: Moment): string {
  const { year, month, day } = value.civil;
  const numbers = [year, month, day, value.hour, value.minute];
  if (value.second !== 0 || value.microsecond !== 0) numbers.push(value.second);
  if (value.microsecond !== 0) numbers.push(value.microsecond);
  return `datetime.datetime(${numbers.join(", ")}${value.zone === null ? "" : ", tzinfo=datetime.timezone.utc"})`;
}

const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;
const UNPRINTABLE = /[\\\n\r\t]|(?! )[\p{C}\p{Z}]/gu;

function textRepr(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, escapeCharacter);
  return quote + (quote === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + quote;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\n", String.raw`\n`],
  ["\r", String.raw`\r`],
  ["\t", String.raw`\t`],
]);

function escapeCharacter(character: string): string {
  const known = ESCAPES.get(character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 256) return `\\x${hex.padStart(2, "0")}`;
  return code < 65_536 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
