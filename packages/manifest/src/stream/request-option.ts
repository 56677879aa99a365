import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { RequestAdditions } from "../components/requester/contract.ts";
import { textOf } from "../http/text.ts";
import { constantText } from "./text.ts";

/** Where in a request a value goes. */
export interface RequestOption {
  readonly into: "params" | "headers" | "bodyData" | "bodyJson";
  /** One name, or for bodyJson a path. */
  readonly path: readonly string[];
}

const PLACES = new Map<unknown, RequestOption["into"]>([
  ["request_parameter", "params"],
  ["header", "headers"],
  ["body_data", "bodyData"],
  ["body_json", "bodyJson"],
]);

/** Reads a RequestOption's node; null where there is none. */
export function requestOption(option: unknown, owner: Node, scope: Scope): RequestOption | null {
  if (!isObject(option)) return null;
  const into = PLACES.get(option["inject_into"]);
  const name = option["field_name"];
  const parts = option["field_path"];
  const within: Node = { ...owner, $parameters: parametersOf(option) ?? owner.$parameters ?? {} };
  const path = Array.isArray(parts)
    ? parts.map((part) => pathPart(part as JsonValue, within, scope))
    : typeof name === "string"
      ? [constantText(name, within, scope)]
      : [];
  if (into === undefined || path.length === 0) throw unreadable(owner);
  return { into, path };
}

function parametersOf(option: JsonObject): JsonObject | undefined {
  const parameters = option["$parameters"];
  return isObject(parameters) ? parameters : undefined;
}

function pathPart(part: JsonValue, within: Node, scope: Scope): string {
  return typeof part === "string" ? constantText(part, within, scope) : textOf(part);
}

/** What a request carries when each option's value is put in its place; options without a value are left out. */
export function injected(
  values: readonly (readonly [RequestOption | null, JsonValue | undefined])[],
): RequestAdditions {
  const found: Record<RequestOption["into"], Record<string, JsonValue>> = {
    params: empty(),
    headers: empty(),
    bodyData: empty(),
    bodyJson: empty(),
  };
  for (const [option, value] of values) {
    if (option === null || value === undefined) continue;
    const [first = "", ...rest] = option.path;
    const place = found[option.into];
    place[first] = rest.length === 0 ? value : nested(place[first], rest, value);
  }
  const given = Object.entries(found).flatMap(([name, place]) =>
    Object.keys(place).length === 0 ? [] : [[name, { ...place }] as const],
  );
  return Object.fromEntries(given) as RequestAdditions;
}

/** Names may be any text, so no prototype. */
function empty(): Record<string, JsonValue> {
  return Object.create(null) as Record<string, JsonValue>;
}

/** The value of a partition as requests carry it; undefined for what stands for nothing. */
export function sendable(value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined || value === null || value === false || value === "") return undefined;
  if (value === 0 || value === 0n) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  return isObject(value) && Object.keys(value).length === 0 ? undefined : value;
}

function nested(into: JsonValue | undefined, path: readonly string[], value: JsonValue): JsonObject {
  const [first = "", ...rest] = path;
  const known = isObject(into) ? into : {};
  return { ...known, [first]: rest.length === 0 ? value : nested(known[first], rest, value) };
}

/** Both together; for a name in both, the first one's value. */
export function merged(first: RequestAdditions, second: RequestAdditions): RequestAdditions {
  const both: Record<string, unknown> = { ...second, ...first };
  for (const place of ["params", "headers", "bodyData", "bodyJson"] as const) {
    const [one, other] = [first[place], second[place]];
    if (isObject(one) && isObject(other)) both[place] = { ...other, ...one };
  }
  return both;
}

function unreadable(owner: Node): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: `A request option of ${owner.type} names no place or no field.`,
    next: "Give it inject_into (request_parameter, header, body_data or body_json) and field_name or field_path.",
    recovery: "ask",
    origin: "source",
  });
}
