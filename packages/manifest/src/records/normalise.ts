import { ExactNumber, isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { textOf } from "../http/text.ts";
import { setMember } from "./members.ts";
import { isFalsy } from "./truth.ts";

/** Casts a record's values, in place, to the types that a schema names. */
export type Normalise = (record: JsonObject) => void;

const TRUE = new Set(["y", "yes", "t", "true", "on", "1"]);
const FALSE = new Set(["n", "no", "f", "false", "off", "0"]);
const SIMPLE = new Set<JsonValue | undefined>(["string", "number", "integer", "boolean", "null"]);
/** How deep references may lead. */
const MAX_DEPTH = 100;

export function normaliser(schema: JsonObject): Normalise {
  return (record) => walk(record, schema, schema, 0);
}

/** Values are cast before what lies in them; what is cast to text has nothing in it any more. */
function walk(
  value: JsonValue | undefined,
  given: JsonValue | undefined,
  root: JsonObject,
  depth: number,
): void {
  if (!isObject(given) || depth > MAX_DEPTH || typeof value !== "object" || value === null) return;
  const schema = resolved(given, root);
  const { properties, items } = schema;
  if (isObject(value) && isObject(properties))
    for (const [key, member] of Object.entries(properties)) {
      if (!Object.hasOwn(value, key) || !isObject(member)) continue;
      const cast = converted(value[key] ?? null, member);
      setMember(value, key, cast);
      walk(cast, member, root, depth + 1);
    }
  else if (Array.isArray(value) && isObject(items)) {
    const list = value as JsonValue[];
    for (const [index, item] of list.entries()) {
      list[index] = converted(item, items);
      walk(list[index], items, root, depth + 1);
    }
  }
}

function resolved(schema: JsonObject, root: JsonObject): JsonObject {
  const { $ref } = schema;
  if (typeof $ref !== "string" || !$ref.startsWith("#/")) return schema;
  let found: JsonValue | undefined = root;
  for (const part of $ref.slice(2).split("/"))
    found = isObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  return isObject(found) ? found : schema;
}

/** The value as the one type that the schema allows beside null; as it is where there are several or it cannot be cast. */
function converted(value: JsonValue, schema: JsonObject): JsonValue {
  const { type = [] } = schema;
  const types = Array.isArray(type) ? (type as readonly JsonValue[]) : [type];
  if (value === null && types.includes("null")) return null;
  const named = types.filter((each) => each !== "null" || !Array.isArray(type));
  if (named.length !== 1) return value;
  switch (named[0]) {
    case "string":
      return textOf(value);
    case "number":
      return floatOf(value);
    case "integer":
      return integerOf(value);
    case "boolean":
      return booleanOf(value);
    case "array":
      return listOf(value, schema["items"]);
    default:
      return value;
  }
}

function floatOf(value: JsonValue): JsonValue {
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "string") return value;
  return /^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value) && !value.includes("_")
    ? Number(value)
    : value;
}

function integerOf(value: JsonValue): JsonValue {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number") return Math.trunc(value);
  if (value instanceof ExactNumber) {
    const whole = Math.trunc(Number(value.text));
    return Number.isFinite(whole) ? integer(BigInt(whole)) : value;
  }
  if (typeof value !== "string" || !/^\s*[+-]?\d+\s*$/.test(value)) return value;
  const digits = value.trim();
  return integer(BigInt(digits.startsWith("+") ? digits.slice(1) : digits));
}

function integer(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function booleanOf(value: JsonValue): JsonValue {
  if (typeof value === "string") {
    const text = value.toLowerCase().trim();
    return TRUE.has(text) ? true : FALSE.has(text) ? false : value;
  }
  return !isFalsy(value);
}

/** A plain value becomes a list of one where the list's items are plain. */
function listOf(value: JsonValue, items: JsonValue | undefined): JsonValue {
  if (typeof value === "object" && value !== null && !(value instanceof ExactNumber)) return value;
  const type = isObject(items) ? (items["type"] ?? []) : [];
  const types = Array.isArray(type) ? (type as readonly JsonValue[]) : [type];
  return types.every((each) => SIMPLE.has(each)) ? [value] : value;
}
