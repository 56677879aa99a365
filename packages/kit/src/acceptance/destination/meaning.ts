import type { FieldKind, JsonValue } from "@weir/protocol";
import { parseJson, stringifyJson } from "@weir/protocol";
import { parseDate, parseTime, parseTimestamp } from "../../values/index.ts";
import { stableText } from "../expect.ts";

/** A text that two values of a field have in common exactly when they mean the same; null for NULL. */
export function meaningOf(value: JsonValue | undefined, kind: FieldKind): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value : stringifyJson(value);
  switch (kind) {
    case "string":
      return text;
    case "boolean":
      return /^(?:t|true|1)$/.test(text) ? "true" : /^(?:f|false|0)$/.test(text) ? "false" : text;
    case "integer":
    case "number":
      return decimalOf(text);
    case "date":
      return String(parseDate(text) ?? text);
    case "timestamp_with_timezone":
    case "timestamp_without_timezone": {
      const found = parseTimestamp(text);
      return typeof found === "object" ? String(found.micros) : text;
    }
    case "time_with_timezone":
    case "time_without_timezone": {
      const found = parseTime(text);
      return found === undefined ? text : `${found.micros} ${found.offsetSeconds ?? 0}`;
    }
    default:
      return stableText(typeof value === "string" ? jsonOr(value) : value);
  }
}

function jsonOr(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** Sign, digits without outer zeros, exponent. */
function decimalOf(text: string): string {
  const found = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text.trim());
  if (found === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = found;
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - trimmed.length);
  return `${sign === "-" ? "-" : ""}${trimmed}e${power}`;
}
