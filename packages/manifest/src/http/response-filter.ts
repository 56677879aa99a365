import type { JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { ErrorAction, Resolution } from "../components/error-handler/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { foldedHeaders } from "./folded-headers.ts";
import { mappedStatus } from "./default-mapping.ts";
import { errorMessageOf } from "./message-search.ts";
import { textOf } from "./text.ts";
import { baseVariables } from "./variables.ts";

/** What a filter makes of a response; null: it does not match, or names no action. */
export type ResponseFilter = (response: PageResponse) => Resolution | null;

/** A node of type HttpResponseFilter. */
export function responseFilter(node: Node, scope: Scope): ResponseFilter {
  const codes = new Set(((node["http_codes"] ?? []) as readonly JsonValue[]).map(Number));
  const {
    predicate,
    error_message: message,
    error_message_contains: part,
    action,
    failure_type: failureType,
  } = node;
  const condition = typeof predicate === "string" && predicate !== "" ? scope.template(predicate) : null;
  const text = typeof message === "string" && message !== "" ? scope.template(message) : null;
  const base = baseVariables(node, scope);
  const matches = (response: PageResponse): boolean =>
    codes.has(response.status) ||
    (condition?.test({ ...base, config: null, ...responseVariables(response) }) ?? false) ||
    (typeof part === "string" && part !== "" && (errorMessageOf(response)?.includes(part) ?? false));
  return (response) => {
    if (action === undefined || action === null || !matches(response)) return null;
    const usual = mappedStatus(response.status);
    const own = text === null ? "" : textOf(text.evaluate({ ...base, ...responseVariables(response) }));
    return {
      action: action as ErrorAction,
      failureType:
        action === "FAIL" && failureType !== undefined
          ? (failureType as Resolution["failureType"])
          : (usual?.failureType ?? "system_error"),
      message: own || (usual?.message ?? ""),
    };
  };
}

function responseVariables(response: PageResponse): {
  readonly response: JsonValue;
  readonly headers: unknown;
} {
  return { response: response.json() ?? {}, headers: foldedHeaders(response.headers) };
}
