import type { Misfit } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { parseJson, stringifyJson } from "@weir/protocol";

const NO_ARRAY: Misfit = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };

/** The JSON text of an array as PostgreSQL writes arrays: `[1,null,"a b"]` becomes `{1,NULL,"a b"}`. */
export function arrayLiteral(json: string): string | Misfit {
  const value = parseJson(json);
  return Array.isArray(value) ? literalOf(value as readonly JsonValue[]) : NO_ARRAY;
}

function literalOf(items: readonly JsonValue[]): string {
  return `{${items.map(itemText).join(",")}}`;
}

function itemText(item: JsonValue): string {
  if (item === null) return "NULL";
  if (Array.isArray(item)) return literalOf(item as readonly JsonValue[]);
  const text = typeof item === "string" ? item : stringifyJson(item);
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
