import type { Misfit } from "@weir/kit";

const NO_ARRAY: Misfit = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };

const TOKENS = /"(?:[^"\\]|\\.)*"|[[\],]|null|[^\s"[\],]+/g;

/**
 * The JSON text of an array as PostgreSQL writes arrays: `[1.50,null,"a b"]` becomes `{1.50,NULL,"a b"}`. Numbers keep
 * the digits they are written with.
 */
export function arrayLiteral(json: string): string | Misfit {
  if (!json.trimStart().startsWith("[")) return NO_ARRAY;
  const parts: string[] = [];
  for (const [token] of json.matchAll(TOKENS)) {
    // An object, the form of a composite: such arrays are not kept natively.
    if (token.startsWith("{")) return NO_ARRAY;
    parts.push(SIGNS[token] ?? (token.startsWith('"') ? quoted(JSON.parse(token) as string) : token));
  }
  return parts.join("");
}

const SIGNS: Readonly<Record<string, string>> = { "[": "{", "]": "}", null: "NULL" };

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
