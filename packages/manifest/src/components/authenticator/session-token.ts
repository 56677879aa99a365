import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue, stringifyJson, WeirError } from "@weir/protocol";
import { defineComponent, type Node, type Scope, slot } from "../../component.ts";
import { valueAt } from "../../http/config-path.ts";
import { durationSeconds } from "../../http/numbers.ts";
import { injectionOf } from "../../http/request-option.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { RequestCall } from "../requester/contract.ts";
import type { Authenticator, Credentials } from "./contract.ts";

/** Seconds that a token without a stated life is used for: a log-in for each request is what APIs limit first. */
const UNSTATED_LIFE = 60;

export const sessionTokenAuthenticator = defineComponent({
  kind: "authenticator",
  type: "SessionTokenAuthenticator",
  doc: "Logs in with a request of its own, takes a token from the answer and sends it with every request.",
  fields: Type.Object({
    login_requester: slot("requester", {
      description: "The request that logs in.",
      ifUntyped: "HttpRequester",
    }),
    session_token_path: Type.Array(Type.String(), { description: "Where the answer holds the token." }),
    expiration_duration: Type.Optional(
      Type.String({
        description: "How long a token is good for, as an ISO 8601 duration; absent: a minute.",
      }),
    ),
    request_authentication: Type.Unknown({
      description: "How the token is sent: Bearer, or ApiKey with inject_into and a template of the token.",
    }),
    decoder: Type.Optional(slot("decoder", { description: "How the answer is read; absent: as JSON." })),
  }),
  build: (node, scope) =>
    scope.once(`session ${stringifyJson(node as JsonObject)}`, () => {
      const token = sessionToken(node, scope);
      const inject = injectorOf(node.request_authentication as JsonObject, node, scope);
      const authenticator: Authenticator = {
        credentials: async (signal) => inject(await token.get(signal)),
        renew: async (signal) => {
          token.drop();
          await token.get(signal);
        },
      };
      return authenticator;
    }),
});

interface SessionNode {
  readonly login_requester: unknown;
  readonly session_token_path: readonly string[];
  readonly expiration_duration?: string;
  readonly decoder?: unknown;
}

function sessionToken(node: Node & SessionNode, scope: Scope) {
  const { clock } = scope.services.context;
  const requester = scope.build("requester", {
    ...(node.login_requester as Node),
    ...(node.decoder === undefined ? {} : { decoder: node.decoder as JsonValue }),
  });
  const life = node.expiration_duration ? durationSeconds(node.expiration_duration) : UNSTATED_LIFE;
  let token: Promise<string> | null = null;
  let expiresAt = 0;
  const logIn = async (signal: AbortSignal): Promise<string> => {
    const page = await requester.send(LOGIN, signal);
    if (page === null || page === "reset" || !page.ok) throw noToken("The answer to the log-in was ignored.");
    const first = await page.decoded()[Symbol.asyncIterator]().next();
    const body = first.done === true ? {} : first.value;
    const found = isObject(body) ? valueAt(body, node.session_token_path) : undefined;
    if (found === undefined || found === null)
      throw noToken(`The answer to the log-in has nothing at ${node.session_token_path.join(".")}.`);
    expiresAt = clock.now() + life * 1000;
    return textOf(found);
  };
  return {
    get: (signal: AbortSignal): Promise<string> => {
      if (token !== null && expiresAt >= clock.now()) return token;
      expiresAt = Infinity;
      const next = logIn(signal).catch((error: unknown) => {
        token = null;
        throw error;
      });
      token = next;
      return next;
    },
    drop: (): void => {
      token = null;
    },
  };
}

const LOGIN: RequestCall = {
  slice: { partition: {}, cursor: {}, extra: {} },
  nextPageToken: null,
  additions: [],
  streamName: "log-in",
};

function injectorOf(how: JsonObject, node: Node, scope: Scope): (token: string) => Credentials {
  if (how["type"] === "Bearer") return (token) => ({ headers: { Authorization: `Bearer ${token}` } });
  const variables = baseVariables(node, scope);
  const inject = injectionOf(how["inject_into"] as JsonObject, scope, variables);
  const template = scope.template(textOf(how["api_token"] ?? "") || "{{ session_token }}");
  return (token) => inject(textOf(template.evaluate({ ...variables, session_token: token })));
}

function noToken(message: string): WeirError {
  return new WeirError({
    code: "http.session_token",
    message,
    next: "Check the user's name and password in the configuration.",
    recovery: "ask",
    origin: "source",
  });
}
