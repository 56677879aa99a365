import type { JsonValue } from "@weir/protocol";
import type { PageResponse } from "../components/requester/contract.ts";
import { isMap } from "./inputs.ts";

/** Where APIs put their message; the first that holds something is followed, at any depth. */
const KEYS = [
  "message",
  "messages",
  "error",
  "errors",
  "failures",
  "failure",
  "detail",
  "err",
  "error_message",
  "msg",
  "reason",
  "status_message",
] as const;

/** Deeper messages are none. */
const MAX_DEPTH = 50;

/** What an API says went wrong: the text found in its JSON, or the body where it is no JSON. */
export function errorMessageOf(response: PageResponse): string | null {
  const body = response.json();
  return body === undefined ? response.text : found(body, 0);
}

function found(value: JsonValue | undefined, depth: number): string | null {
  if (depth > MAX_DEPTH) return null;
  if (typeof value === "string") return value;
  if (Array.isArray(value))
    return (value as readonly JsonValue[])
      .map((item) => found(item, depth + 1))
      .filter((item) => item !== null)
      .join(", ");
  if (!isMap(value)) return null;
  const key = KEYS.find((name) => Object.hasOwn(value, name) && isFilled(value[name]));
  return key === undefined ? null : found(value[key], depth + 1);
}

/** Python's truth of a JSON value. */
function isFilled(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  if (typeof value === "object" && value !== null && "text" in value) return Number(value.text) !== 0;
  return Boolean(value);
}
