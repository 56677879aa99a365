import type { Misfit } from "@weir/kit";

const NO_ARRAY: Misfit = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };

const TOKENS = /"(?:[^"\\]|\\.)*"|[[\],]|null|[^\s"[\],]+/g;

/** An array whose numbering does not begin with 1, as PostgreSQL writes it; no JSON begins like this. */
const NUMBERED = /^\[-?\d+:/;

/** Whether the text is not JSON but an array that JSON cannot say: `[0:1]={5,6}`. source-postgres gives it so. */
export function isNumbered(text: string | null | undefined): text is string {
  return typeof text === "string" && NUMBERED.test(text);
}

/**
 * The JSON text of an array as PostgreSQL writes arrays: `[1.50,null,"a b"]` becomes `{1.50,NULL,"a b"}`, with `mark`
 * between elements. Numbers keep the digits they are written with.
 */
export function arrayLiteral(json: string, mark: "," | ";"): string | Misfit {
  if (NUMBERED.test(json)) return json;
  if (!json.trimStart().startsWith("[")) return NO_ARRAY;
  const parts: string[] = [];
  for (const [token] of json.matchAll(TOKENS)) {
    // An object, the form of a composite: such arrays are not kept natively.
    if (token.startsWith("{")) return NO_ARRAY;
    if (token === ",") parts.push(mark);
    else parts.push(SIGNS[token] ?? (token.startsWith('"') ? quoted(JSON.parse(token) as string) : token));
  }
  return parts.join("");
}

const SIGNS: Readonly<Record<string, string>> = { "[": "{", "]": "}", null: "NULL" };

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
