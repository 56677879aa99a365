import type { JsonValue } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";

/** Whether two JSON values are the same, members in any order. */
export function sameJson(left: JsonValue | null | undefined, right: JsonValue | null | undefined): boolean {
  return stringifyJson(ordered(left ?? null)) === stringifyJson(ordered(right ?? null));
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(ordered);
  if (typeof value !== "object" || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => [name, ordered((member ?? null) as JsonValue)]),
  );
}
