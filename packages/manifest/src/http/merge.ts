import { type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { isMap } from "./inputs.ts";
import { textOf } from "./text.ts";

type Option = JsonValue | undefined;

/**
 * Maps of one kind from requester, authenticator, paginator and slices put together. A key given twice is a mistake
 * of the manifest; in a JSON body objects are merged, and a value may be given twice when it is the same.
 */
export function mergeOptions(options: readonly Option[], isJsonBody = false): JsonObject | string {
  const texts = options.filter((option) => typeof option === "string");
  const maps = options.filter(isMap).filter((map) => Object.keys(map).length > 0);
  const [text] = texts;
  if (text !== undefined) {
    if (texts.length > 1 || maps.length > 0) throw collision("the whole body");
    return text;
  }
  return maps.reduce<JsonObject>((merged, map) => mergeInto(merged, map, [], isJsonBody), {});
}

function mergeInto(
  target: JsonObject,
  source: JsonObject,
  path: readonly string[],
  isJsonBody: boolean,
): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(source)) {
    const here = [...path, key];
    const known = merged.get(key);
    if (!merged.has(key)) merged.set(key, value);
    else if (isJsonBody && isMap(known) && isMap(value))
      merged.set(key, mergeInto(known, value, here, isJsonBody));
    else if (!isJsonBody || !isSame(known, value)) throw collision(here.join("."));
  }
  return Object.fromEntries(merged);
}

function isSame(one: Option, other: Option): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return (
      one.length === other.length &&
      one.every((item, at) => isSame(item as JsonValue, other[at] as JsonValue))
    );
  if (!isMap(one) || !isMap(other)) return typeof one === typeof other && textOf(one) === textOf(other);
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

function collision(key: string): WeirError {
  return new WeirError({
    code: "manifest.collision",
    message: `Two parts of the manifest put "${key}" into the same request.`,
    next: "Remove one of them: look at the request options, the authenticator, the paginator, the partition router and the cursor.",
    recovery: "stop",
    origin: "source",
  });
}
