import type { JsonValue } from "@weir/protocol";
import { isObject, stringifyJson } from "@weir/protocol";

/** One text for equal partitions, whatever the order of their keys; 1 and "1" stay apart. */
export function sliceKey(value: JsonValue | undefined): string {
  return stringifyJson(sorted(value ?? null));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
