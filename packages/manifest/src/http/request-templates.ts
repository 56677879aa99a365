import type { JsonObject, JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { Credentials } from "../components/authenticator/contract.ts";
import type { RequestCall } from "../components/requester/contract.ts";
import type { Variables } from "../expressions/index.ts";
import { HostPolicy } from "./host-policy.ts";
import { flatInputs, type Inputs, isMap, nestedInputs } from "./inputs.ts";
import { mergeOptions } from "./merge.ts";
import { addressOf, type RequestParts } from "./request.ts";
import { textOf } from "./text.ts";
import { baseVariables, requestVariables } from "./variables.ts";

const PLAIN = ["str", "list"] as const;

/** What of an HttpRequester's node makes a request. */
export interface RequestFields {
  readonly url?: string;
  readonly url_base?: string;
  readonly path?: string;
  readonly http_method?: string;
  readonly request_parameters?: unknown;
  readonly request_headers?: unknown;
  readonly request_body?: unknown;
  readonly request_body_data?: unknown;
  readonly request_body_json?: unknown;
}

export interface RequestTemplates {
  /** Where a request goes, and whether that host may be told credentials. */
  address(call: RequestCall): { readonly url: string; readonly isKnown: boolean };
  parts(call: RequestCall, url: string, credentials: Credentials): RequestParts;
}

export function requestTemplates(node: Node & RequestFields, scope: Scope): RequestTemplates {
  const base = baseVariables(node, scope);
  const address = addressTemplates(node, scope);
  const params = flatInputs(node.request_parameters as JsonValue, scope, PLAIN);
  const headers = flatInputs(node.request_headers as JsonValue, scope);
  const body = bodyInputs(node, scope);
  const hosts = scope.once("hosts", () => new HostPolicy());
  return {
    address: (call) => {
      const { from, url } = address({ ...base, ...requestVariables(call) }, call.path);
      hosts.own(call.path ? from : url);
      return { url, isKnown: hosts.isKnown(url) };
    },
    parts: (call, url, credentials) => {
      const variables = { ...base, ...requestVariables(call) };
      const own = { params: params(variables), headers: headers(variables) };
      const { additions } = call;
      return {
        method: node.http_method ?? "GET",
        url,
        params: merged([
          isMap(own.params) ? own.params : {},
          credentials.params,
          ...additions.map((each) => each.params),
        ]),
        headers: merged([own.headers, credentials.headers, ...additions.map((each) => each.headers)]),
        data: mergeOptions([
          body.data(variables),
          credentials.bodyData,
          ...additions.map((each) => each.bodyData),
        ]),
        json: merged(
          [body.json(variables), credentials.bodyJson, ...additions.map((each) => each.bodyJson)],
          true,
        ),
      };
    },
  };
}

function merged(options: readonly (JsonValue | undefined)[], isJsonBody = false): JsonObject {
  const result = mergeOptions(options, isJsonBody);
  return typeof result === "string" ? {} : result;
}

function addressTemplates({ url, url_base, path }: RequestFields, scope: Scope) {
  const [base, whole, rest] = [url_base, url, path].map((text) =>
    text === undefined || text === "" ? null : scope.template(text),
  );
  return (variables: Variables, given: string | undefined) => {
    const from = textOf(base?.evaluate(variables) ?? "") || textOf(whole?.evaluate(variables) ?? "");
    // A path that a response gave is taken as it is: its leading slash means the host's root.
    const to = given || textOf(rest?.evaluate(variables) ?? "").replace(/^\/+/, "");
    return { from, url: addressOf(from, to) };
  };
}

function bodyInputs(node: RequestFields, scope: Scope): { readonly data: Inputs; readonly json: Inputs } {
  const body = (node.request_body ?? {}) as JsonObject;
  const isJson = body["type"] === "RequestBodyJsonObject" || body["type"] === "RequestBodyGraphQL";
  const value = body["type"] === undefined ? undefined : body["value"];
  const data = isJson || value === undefined ? node.request_body_data : value;
  const json = isJson ? value : node.request_body_json;
  return {
    data: flatInputs(data as JsonValue, scope, PLAIN),
    json: nestedInputs(json as JsonValue, scope),
  };
}
