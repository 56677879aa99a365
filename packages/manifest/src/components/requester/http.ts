import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { defineComponent, type Node, slot, templateText } from "../../component.ts";
import { exchangeOf } from "../../http/exchange.ts";
import { isMap } from "../../http/inputs.ts";
import { describe, outgoing, withHeaders } from "../../http/request.ts";
import { requestTemplates } from "../../http/request-templates.ts";
import { sendWithRetries } from "../../http/retry.ts";
import type { Authenticator } from "../authenticator/contract.ts";
import type { Requester } from "./contract.ts";

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
    const templates = requestTemplates(node, scope);
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
        const { url, isKnown } = templates.address(call);
        // A host that only a response names is told no credentials.
        const credentials = isKnown ? await authenticator.credentials(signal) : {};
        const request = outgoing(templates.parts(call, url, credentials));
        return sendWithRetries({
          handler,
          services: scope.services,
          signal,
          request: describe(request.method, request.url),
          renew: authenticator.renew && (() => authenticator.renew?.(signal) ?? Promise.resolve()),
          attempt: async (number) => {
            if (number === 1 || !isKnown) return exchange(request, signal);
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
