import { ExactNumber, type JsonValue } from "@weir/protocol";
import { MAX_DEPTH, spend, spendSize } from "../meter.ts";
import { PythonError, typeError } from "../python-error.ts";
import { entriesOf } from "./members.ts";
import { float, floatText, isNumeric, toFloat } from "./numbers.ts";
import { textOf } from "./text.ts";
import { isDict, isFloat, isInt, Tuple, typeName } from "./types.ts";

/**
 * A copy in JSON's values; undefined for what JSON cannot hold: sets, dates, undefined values, numbers that are not finite.
 * Tuples stay tuples, so that their text stays theirs.
 */
export function toJson(value: unknown, depth = 0): JsonValue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isFinite(value) ? (Number.isSafeInteger(value) ? value : float(value)) : undefined;
    default:
      break;
  }
  if (value === null) return null;
  if (value instanceof ExactNumber) {
    const number = Number(value.text);
    return Number.isFinite(number) ? float(number) : undefined;
  }
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return arrayToJson(value, depth);
  return isDict(value) ? dictToJson(value, depth) : undefined;
}

function arrayToJson(value: readonly unknown[], depth: number): JsonValue | undefined {
  spend(1 + value.length);
  const items: JsonValue[] = [];
  for (const item of value) {
    const made = toJson(item, depth + 1);
    if (made === undefined) return undefined;
    items.push(made);
  }
  return value instanceof Tuple ? (Tuple.holding(items) as unknown as readonly JsonValue[]) : items;
}

function dictToJson(value: Parameters<typeof entriesOf>[0], depth: number): JsonValue | undefined {
  const made: Record<string, JsonValue> = {};
  for (const [key, member] of entriesOf(value)) {
    const converted = toJson(member, depth + 1);
    const name = keyText(key);
    if (converted === undefined || name === undefined) return undefined;
    if (name === "__proto__")
      Object.defineProperty(made, name, {
        value: converted,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else made[name] = converted;
  }
  spend(1);
  return made;
}

/** JSON's keys are texts; Python writes other keys as their JSON. */
function keyText(key: unknown): string | undefined {
  if (typeof key === "string") return key;
  if (typeof key === "boolean") return key ? "true" : "false";
  if (key === null) return "null";
  return isNumeric(key) ? textOf(key) : undefined;
}

export interface JsonShape {
  readonly sortKeys?: boolean;
  readonly indent?: number | undefined;
}

/** Python's `json.dumps`: blanks after commas and colons, everything but ASCII escaped. */
export function dumps(value: unknown, shape: JsonShape = {}, depth = 0): string {
  if (typeof value === "string") return quoted(value);
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (isInt(value)) return value.toString();
  if (isFloat(value)) return floatJson(toFloat(value));
  if (depth > MAX_DEPTH) throw new PythonError("RecursionError", "data is nested too deep");
  if (Array.isArray(value))
    return enclosed(
      "[]",
      value.map((item) => dumps(item, shape, depth + 1)),
      shape,
      depth,
    );
  if (!isDict(value)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  const members = Array.from(entriesOf(value), ([key, member]) => {
    const name = keyText(key);
    if (name === undefined) throw typeError("keys must be str, int, float, bool or None");
    return [name, member] as const;
  });
  if (shape.sortKeys === true) members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return enclosed(
    "{}",
    members.map(([name, member]) => `${quoted(name)}: ${dumps(member, shape, depth + 1)}`),
    shape,
    depth,
  );
}

function enclosed(brackets: string, parts: readonly string[], shape: JsonShape, depth: number): string {
  const [open = "", close = ""] = brackets;
  if (parts.length === 0) return brackets;
  let length = 0;
  for (const part of parts) length += part.length + 2;
  spendSize(length);
  if (shape.indent === undefined) return open + parts.join(", ") + close;
  const inner = `\n${" ".repeat(shape.indent * (depth + 1))}`;
  return `${open}${inner}${parts.join(`,${inner}`)}\n${" ".repeat(shape.indent * depth)}${close}`;
}

function floatJson(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return floatText(value);
}

function quoted(text: string): string {
  spend(text.length / 16);
  return JSON.stringify(text)
    .replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll(String.raw`\u007f`, "\x7f");
}
