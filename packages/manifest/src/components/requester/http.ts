import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { defineComponent, type Node, type Scope, slot, templateText } from "../../component.ts";
import type { Variables } from "../../expressions/index.ts";
import { exchangeOf } from "../../http/exchange.ts";
import { flatInputs, type Inputs, isMap, nestedInputs } from "../../http/inputs.ts";
import { mergeOptions } from "../../http/merge.ts";
import { addressOf, describe, outgoing, withHeaders } from "../../http/request.ts";
import { sendWithRetries } from "../../http/retry.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables, requestVariables } from "../../http/variables.ts";
import type { Authenticator, Credentials } from "../authenticator/contract.ts";
import type { RequestCall, Requester } from "./contract.ts";

const PLAIN = ["str", "list"] as const;

const options = (what: string) =>
  Type.Optional(
    Type.Unknown({ description: `${what} A map of templates, or one template.`, "x-template": true }),
  );

export const httpRequester = defineComponent({
  kind: "requester",
  type: "HttpRequester",
  doc: "Sends HTTP requests: address, parameters, headers and body from templates, credentials from its authenticator, and again where its error handler says so.",
  fields: Type.Object({
    url: Type.Optional(templateText("The address of the endpoint.")),
    url_base: Type.Optional(templateText("The address that paths are joined to.")),
    path: Type.Optional(templateText("The path of the endpoint, joined to url_base or url.")),
    http_method: Type.Optional(Type.String({ description: "GET or POST.", default: "GET" })),
    authenticator: Type.Optional(slot("authenticator", { description: "What identifies the caller." })),
    request_parameters: options("Parameters of the query."),
    request_headers: options("Headers."),
    request_body: Type.Optional(
      Type.Unknown({
        description:
          "The body: RequestBodyPlainText, RequestBodyUrlEncodedForm, RequestBodyJsonObject or RequestBodyGraphQL with its value.",
      }),
    ),
    request_body_data: options("The body as a form, or as the text that one template gives."),
    request_body_json: options("The body as JSON."),
    error_handler: Type.Optional(
      slot("error-handler", {
        description: "Which answers are failures, which are tried again.",
        ifUntyped: "DefaultErrorHandler",
      }),
    ),
    use_cache: Type.Optional(
      Type.Boolean({
        description: "Whether a request that was sent once in this sync is answered from memory.",
        default: false,
      }),
    ),
    decoder: Type.Optional(slot("decoder", { description: "Put here by whoever builds the requester." })),
  }),
  build: (node, scope) => {
    const build = partsOf(node, scope);
    const authenticator = isNode(node.authenticator)
      ? scope.build("authenticator", { ...node.authenticator, $url: node.url || (node.url_base ?? "") })
      : NO_CREDENTIALS;
    const handler = scope.build(
      "error-handler",
      isNode(node.error_handler) ? node.error_handler : { type: "DefaultErrorHandler" },
    );
    const decoder = scope.build("decoder", isNode(node.decoder) ? node.decoder : { type: "JsonDecoder" });
    const exchange = exchangeOf(scope, { decoder, usesCache: node.use_cache === true });
    const requester: Requester = {
      send: async (call, signal) => {
        const request = outgoing(build(call, await authenticator.credentials(signal)));
        return sendWithRetries({
          handler,
          services: scope.services,
          signal,
          request: describe(request.method, request.url),
          renew: authenticator.renew && (() => authenticator.renew?.(signal) ?? Promise.resolve()),
          attempt: async (number) => {
            if (number === 1) return exchange(request, signal);
            // A token may have run out or been renewed while the request waited.
            const { headers = {} } = await authenticator.credentials(signal);
            return exchange({ ...request, headers: withHeaders(request.headers, headers) }, signal);
          },
        });
      },
    };
    return requester;
  },
});

const NO_CREDENTIALS: Authenticator = { credentials: () => Promise.resolve({}) };

function isNode(value: unknown): value is Node {
  return isMap(value as JsonValue) && typeof (value as Node).type === "string";
}

interface Fields {
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

function partsOf(node: Node & Fields, scope: Scope) {
  const base = baseVariables(node, scope);
  const address = addressTemplates(node, scope);
  const params = flatInputs(node.request_parameters as JsonValue, scope, PLAIN);
  const headers = flatInputs(node.request_headers as JsonValue, scope);
  const body = bodyInputs(node, scope);
  return (call: RequestCall, credentials: Credentials) => {
    const variables = { ...base, ...requestVariables(call) };
    const ownParams = params(variables);
    return {
      method: node.http_method ?? "GET",
      url: address(variables, call.path),
      params: mapOf(
        mergeOptions([
          isMap(ownParams) ? ownParams : {},
          credentials.params,
          ...call.additions.map((addition) => addition.params),
        ]),
      ),
      headers: mapOf(
        mergeOptions([
          headers(variables),
          credentials.headers,
          ...call.additions.map((addition) => addition.headers),
        ]),
      ),
      data: mergeOptions([
        body.data(variables),
        credentials.bodyData,
        ...call.additions.map((addition) => addition.bodyData),
      ]),
      json: mapOf(
        mergeOptions(
          [
            body.json(variables),
            credentials.bodyJson,
            ...call.additions.map((addition) => addition.bodyJson),
          ],
          true,
        ),
      ),
    };
  };
}

function mapOf(value: JsonObject | string): JsonObject {
  return typeof value === "string" ? {} : value;
}

function addressTemplates({ url, url_base, path }: Fields, scope: Scope) {
  const [base, whole, rest] = [url_base, url, path].map((text) =>
    text === undefined || text === "" ? null : scope.template(text),
  );
  return (variables: Variables, given: string | undefined): string => {
    const from = textOf(base?.evaluate(variables) ?? "") || textOf(whole?.evaluate(variables) ?? "");
    // A path that a response gave is taken as it is: its leading slash means the host's root.
    return addressOf(from, given || textOf(rest?.evaluate(variables) ?? "").replace(/^\/+/, ""));
  };
}

function bodyInputs(node: Fields, scope: Scope): { readonly data: Inputs; readonly json: Inputs } {
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
