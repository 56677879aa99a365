import { ExactNumber, type JsonValue } from "@weir/protocol";
import { floatText } from "../expressions/values/numbers.ts";

/** Python's `str` of a value: what reaches a header, a parameter or a path. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : repr(value ?? null);
}

function repr(value: JsonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isInteger(value) ? value.toString() : floatText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return quoted(value);
  if (value instanceof ExactNumber) return floatText(Number(value.text));
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(repr).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, member]) => `${quoted(key)}: ${repr(member ?? null)}`)
    .join(", ")}}`;
}

function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return escaped.includes("'") && !escaped.includes('"')
    ? `"${escaped}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}
