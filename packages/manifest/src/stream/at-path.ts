import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** The value under a path of keys and list positions; undefined: there is none. */
export function atPath(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const key of path) {
    if (Array.isArray(found)) {
      found = /^-?\d+$/.test(key) ? (found.at(Number(key)) as JsonValue | undefined) : undefined;
    } else if (isObject(found) && Object.hasOwn(found, key)) found = found[key];
    else return undefined;
  }
  return found;
}

/** The parts of a path written with slashes. */
export function pathOf(text: string): readonly string[] {
  return text.split("/").filter((part) => part !== "");
}
