import type { JsonObject, JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import { numberTemplate } from "./numbers.ts";
import { queryOf } from "./query.ts";
import { textOf } from "./text.ts";
import type { OutgoingRequest } from "./transport.ts";
import { expression } from "./wait-header.ts";

export interface RequestMatcher {
  matches(request: OutgoingRequest): boolean;
  /** Calls that such a request counts as. */
  readonly weight: number;
}

/** A node of type HttpRequestRegexMatcher. */
export function requestMatcher(node: Node, scope: Scope): RequestMatcher {
  const { method, url_base: base, url_path_pattern: pattern, params, headers, weight } = node;
  const wanted = {
    method: typeof method === "string" && method !== "" ? method.toUpperCase() : null,
    base: typeof base === "string" && base !== "" ? base.replace(/\/+$/, "") : null,
    path: typeof pattern === "string" && pattern !== "" ? expression(pattern) : null,
    params: entriesOf(params),
    headers: entriesOf(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  };
  return {
    weight: numberTemplate(weight as number | string | undefined, node, scope)() ?? 1,
    matches: (request) => {
      const [, origin = "", path = ""] = /^([^:]+:\/\/[^/?#]*)([^?#]*)/.exec(request.url) ?? [];
      if (wanted.method !== null && request.method !== wanted.method) return false;
      if (wanted.base !== null && origin !== wanted.base) return false;
      if (wanted.path !== null && !wanted.path.matcher(path.replace(/\/+$/, "")).find()) return false;
      const query = queryOf(request.url);
      if (!wanted.params.every(([name, value]) => query.get(name) === value)) return false;
      const sent = new Map(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
      );
      return wanted.headers.every(([name, value]) => sent.get(name) === value);
    },
  };
}

function entriesOf(value: JsonValue | undefined): readonly (readonly [string, string])[] {
  return Object.entries((value ?? {}) as JsonObject).map(([name, member]) => [name, textOf(member)] as const);
}
