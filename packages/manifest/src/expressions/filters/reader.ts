import { getItem } from "../methods/attributes.ts";
import { isInt, Undefined } from "../values/types.ts";

/** Reads `a.b.0` from an item, as filters' attribute names mean it. */
export function attributeReader(attribute: unknown, fallback?: unknown): (item: unknown) => unknown {
  const parts: readonly unknown[] =
    typeof attribute === "string"
      ? attribute.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))
      : isInt(attribute)
        ? [attribute]
        : [];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(value, part);
      if (value instanceof Undefined && fallback !== undefined && fallback !== null) value = fallback;
    }
    return value;
  };
}
