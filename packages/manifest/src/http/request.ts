import { type JsonObject, stringifyJson, WeirError } from "@weir/protocol";
import { joinUrl } from "./join.ts";
import { encodePairs, queryOf, withQuery } from "./query.ts";
import { textOf } from "./text.ts";
import type { OutgoingRequest } from "./transport.ts";

/** A request before it is written as one: what manifests speak of. */
export interface RequestParts {
  readonly method: string;
  readonly url: string;
  readonly params: JsonObject;
  readonly headers: JsonObject;
  /** Text is sent as it is, a map as a form. */
  readonly data: JsonObject | string;
  readonly json: JsonObject;
}

const WITH_BODY = new Set(["GET", "POST", "PUT", "PATCH"]);

const DEFAULTS: Readonly<Record<string, string>> = { "User-Agent": "weir", Accept: "*/*" };

/** The address of a requester's base and path; a path that is an address by itself replaces the base. */
export function addressOf(base: string, path: string): string {
  return joinUrl(base, path);
}

/** The request as it goes out: what Python's requests would send for the same parts. */
export function outgoing(parts: RequestParts): OutgoingRequest {
  const known = queryOf(parts.url);
  const params = Object.fromEntries(
    Object.entries(parts.params).filter(([key, value]) => known.get(key) !== textOf(value)),
  );
  const { body, contentType } = bodyOf(parts);
  const headers = withHeaders(DEFAULTS, textHeaders(parts.headers));
  return {
    method: parts.method,
    url: withQuery(parts.url, encodePairs(params)),
    headers:
      contentType === null || hasHeader(headers, "content-type")
        ? headers
        : { ...headers, "Content-Type": contentType },
    body,
  };
}

function bodyOf({ method, data, json }: RequestParts): {
  readonly body: string | null;
  readonly contentType: string | null;
} {
  const hasJson = Object.keys(json).length > 0;
  const hasData = typeof data === "string" ? data !== "" : Object.keys(data).length > 0;
  if (!WITH_BODY.has(method) || (!hasJson && !hasData)) return { body: null, contentType: null };
  if (hasJson && hasData)
    throw new WeirError({
      code: "manifest.body",
      message: "A request has both a JSON body and a body of other data.",
      next: "Keep one of request_body_json and request_body_data, and let options go into that one.",
      recovery: "stop",
      origin: "source",
    });
  if (hasJson) return { body: stringifyJson(json), contentType: "application/json" };
  if (typeof data === "string") return { body: data, contentType: null };
  return { body: encodePairs(data), contentType: "application/x-www-form-urlencoded" };
}

function textHeaders(headers: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]): [string, string] => [name, textOf(value)]),
  );
}

/** Headers with more of them; the later of two names that differ only in case wins. */
export function withHeaders(
  headers: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const merged = new Map<string, readonly [string, string]>();
  for (const entry of [...Object.entries(headers), ...Object.entries(more)])
    merged.set(entry[0].toLowerCase(), entry);
  return Object.fromEntries(merged.values());
}

function hasHeader(headers: Readonly<Record<string, string>>, name: string): boolean {
  return Object.keys(headers).some((key) => key.toLowerCase() === name);
}

/** For messages: an address without its query, which may hold credentials. */
export function describe(method: string, url: string): string {
  return `The ${method} request to ${url.split(/[?#]/, 1)[0] ?? ""}`;
}
