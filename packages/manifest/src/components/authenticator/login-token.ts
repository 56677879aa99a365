import { Type } from "@weir/kit";
import { isObject, type JsonObject, stringifyJson, WeirError } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { requestToken } from "../../http/token-request.ts";
import { baseVariables } from "../../http/variables.ts";
import type { OutgoingRequest } from "../../http/transport.ts";
import type { Authenticator } from "./contract.ts";

const text = (what: string) => Type.Optional(templateText(what));

export const loginTokenAuthenticator = defineComponent({
  kind: "authenticator",
  type: "LegacySessionTokenAuthenticator",
  doc: "Sends a session token that the configuration gives, or one that a log-in with name and password gives. Older manifests; new ones take SessionTokenAuthenticator.",
  fields: Type.Object({
    header: templateText("The header that carries the token."),
    login_url: templateText("The path that logs in."),
    session_token: text("A token to begin with."),
    session_token_response_key: templateText("The field of the answer that holds the token."),
    username: text("The name of the user."),
    password: text("The password."),
    validate_session_url: templateText("A path that answers 401 when the token is not valid."),
    $url: text("The requester's address, put here by it."),
  }),
  build: (node, scope) =>
    scope.once(`legacy session ${stringifyJson(node as JsonObject)}`, () => {
      const variables = baseVariables(node, scope);
      const read = (value: string | undefined): string =>
        value === undefined ? "" : textOf(scope.template(value).evaluate(variables) ?? "");
      const { services } = scope;
      const base = read(node.$url);
      const header = read(node.header);
      const given = read(node.session_token);
      const isValid = async (signal: AbortSignal): Promise<boolean> => {
        const { status } = await services.transport.send(
          {
            method: "GET",
            url: base + read(node.validate_session_url),
            headers: { [header]: given },
            body: null,
          },
          signal,
        );
        if (status >= 400 && status !== 401)
          throw refused(`The session could not be checked: status ${status}.`);
        return status !== 401;
      };
      const logIn = async (signal: AbortSignal): Promise<string> => {
        const [username, password] = [read(node.username), read(node.password)];
        if (username === "" || password === "")
          throw refused("The session token is not valid, and there is no password.");
        const request: OutgoingRequest = {
          method: "POST",
          url: base + read(node.login_url),
          headers: { "Content-Type": "application/json" },
          body: stringifyJson({ username, password }),
        };
        const answer = await requestToken(request, services, signal);
        const key = read(node.session_token_response_key);
        const token = isObject(answer) && Object.hasOwn(answer, key) ? answer[key] : undefined;
        if (token === undefined) throw refused(`The answer to the log-in has no "${key}".`);
        return textOf(token);
      };
      let token: Promise<string> | null = null;
      const get = async (signal: AbortSignal): Promise<string> =>
        given !== "" && (await isValid(signal)) ? given : logIn(signal);
      const authenticator: Authenticator = {
        credentials: async (signal) => {
          token ??= get(signal);
          return { headers: { [header]: await token } };
        },
      };
      return authenticator;
    }),
});

function refused(message: string): WeirError {
  return new WeirError({
    code: "http.session_token",
    message,
    next: "Check the session token, or the user's name and password, in the configuration.",
    recovery: "ask",
    origin: "source",
  });
}
