import { ExactNumber, isObject, type JsonValue } from "@weir/protocol";

/** What Python takes for false: nothing, zero, and what is empty. */
export function isFalsy(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  if (typeof value === "number" || typeof value === "bigint") return Number(value) === 0;
  if (value instanceof ExactNumber) return Number(value.text) === 0;
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) {
    for (const key in value) if (value[key] !== undefined) return false;
    return true;
  }
  return false;
}
