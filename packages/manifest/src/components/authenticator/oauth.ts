import { Type } from "@weir/kit";
import { type JsonObject, type JsonValue, stringifyJson, WeirError } from "@weir/protocol";
import { defineComponent, type Node, type Scope, slot, templateText } from "../../component.ts";
import { flatInputs, isMap } from "../../http/inputs.ts";
import { expiryOf, keepInConfig, keepInMemory, type TokenKeep, tokenOf } from "../../http/oauth-token.ts";
import { outgoing } from "../../http/request.ts";
import { textOf } from "../../http/text.ts";
import { requestToken, type TokenFailures } from "../../http/token-request.ts";
import { valueAt } from "../../http/config-path.ts";
import { baseVariables } from "../../http/variables.ts";
import type { Authenticator } from "./contract.ts";

const named = (what: string, value: string) => Type.Optional(templateText(what, { default: value }));
const text = (what: string) => Type.Optional(templateText(what));

const fields = {
  client_id_name: named("What the endpoint calls the client id.", "client_id"),
  client_id: text("The client id."),
  client_secret_name: named("What the endpoint calls the client secret.", "client_secret"),
  client_secret: text("The client secret."),
  refresh_token_name: named("What the endpoint calls the refresh token.", "refresh_token"),
  refresh_token: text("The refresh token."),
  token_refresh_endpoint: text("The address that gives tokens."),
  access_token_name: named("What the answer calls the access token.", "access_token"),
  access_token_value: text("An access token to begin with."),
  expires_in_name: named("What the answer calls the token's life.", "expires_in"),
  grant_type_name: named("What the endpoint calls the grant type.", "grant_type"),
  grant_type: named("refresh_token, client_credentials, password or another.", "refresh_token"),
  refresh_request_body: Type.Optional(
    Type.Unknown({ description: "More fields for the endpoint.", "x-template": true }),
  ),
  refresh_request_headers: Type.Optional(
    Type.Unknown({ description: "Headers for the endpoint.", "x-template": true }),
  ),
  send_refresh_request_as_query_params: Type.Optional(
    Type.Boolean({
      description: "Whether the fields go into the address instead of the body.",
      default: false,
    }),
  ),
  scopes: Type.Optional(Type.Array(Type.String(), { description: "Scopes to ask for." })),
  token_expiry_date: text("When the access token given expires."),
  token_expiry_date_format: Type.Optional(
    Type.String({ description: "Set where the answer says when the token expires, not how long it lives." }),
  ),
  refresh_token_error_status_codes: Type.Optional(
    Type.Array(Type.Integer(), { description: "Statuses that may mean an invalid refresh token." }),
  ),
  refresh_token_error_key: Type.Optional(Type.String({ description: "The field that says so." })),
  refresh_token_error_values: Type.Optional(
    Type.Array(Type.String(), { description: "Its values that mean an invalid refresh token." }),
  ),
  refresh_token_updater: Type.Optional(
    Type.Unknown({
      description:
        "For refresh tokens that are good for one use: where the configuration keeps access token, refresh token and expiry. New ones are written there.",
    }),
  ),
  profile_assertion: Type.Optional(
    slot("authenticator", { description: "Signs the assertion of a service account." }),
  ),
  use_profile_assertion: Type.Optional(
    Type.Unknown({
      description: "Whether the assertion stands for client and refresh token.",
      default: false,
    }),
  ),
};

export const oauthAuthenticator = defineComponent({
  kind: "authenticator",
  type: "OAuthAuthenticator",
  doc: "Asks an OAuth endpoint for access tokens, again when they expire, and sends them in the header Authorization.",
  fields: Type.Object(fields),
  // One token for all streams whose authenticators say the same.
  build: (node, scope) => scope.once(`oauth ${keyOf(node, scope)}`, () => sharedToken(node, scope)),
});

interface Updater {
  readonly refresh_token_name?: string;
  readonly access_token_config_path?: readonly string[];
  readonly refresh_token_config_path?: readonly string[];
  readonly token_expiry_date_config_path?: readonly string[];
  readonly refresh_token_error_status_codes?: readonly number[];
  readonly refresh_token_error_key?: string;
  readonly refresh_token_error_values?: readonly string[];
}

type OAuthNode = Node & {
  readonly refresh_token_updater?: unknown;
  readonly scopes?: readonly string[];
  readonly refresh_token_error_status_codes?: readonly number[];
  readonly refresh_token_error_key?: string;
  readonly refresh_token_error_values?: readonly string[];
};

function sharedToken(node: OAuthNode, scope: Scope): Authenticator {
  const { services } = scope;
  const now = (): number => services.context.clock.now();
  const updater = isMap(node.refresh_token_updater as JsonValue)
    ? (node.refresh_token_updater as Updater)
    : null;
  const read = reader(node, scope);
  const keep = updater === null ? keepOf(read, now()) : keepInConfig(pathsOf(updater), scope);
  const assertion = assertionOf(node, scope);
  const endpoint = read("token_refresh_endpoint");
  const failures = failuresOf(node, updater);
  const names = {
    accessToken: read("access_token_name") || "access_token",
    refreshToken: updater === null ? null : (updater.refresh_token_name ?? "refresh_token"),
    expiresIn: read("expires_in_name") || "expires_in",
    isMoment: Boolean(node["token_expiry_date_format"]),
  };
  const renew = async (signal: AbortSignal): Promise<void> => {
    const headers = mapOf(node["refresh_request_headers"], node, scope);
    const values =
      assertion === null ? grantOf({ node, scope, read, keep, updater, headers }) : await assertion(signal);
    const inQuery = node["send_refresh_request_as_query_params"] === true;
    const request = outgoing({
      method: "POST",
      url: endpoint,
      params: inQuery ? values : {},
      headers,
      data: inQuery ? {} : values,
      json: {},
    });
    const answer = await requestToken(request, services, signal, failures);
    await keep.put(tokenOf(answer, names, keep, now()));
  };
  let running: Promise<void> | null = null;
  // Streams that meet an expired token together wait for one request.
  const renewOnce = (signal: AbortSignal): Promise<void> =>
    (running ??= renew(signal).finally(() => (running = null)));
  return {
    credentials: async (signal) => {
      const isExpired = keep.accessToken() === null || now() > keep.expiresAt();
      if (isExpired && endpoint !== "") await renewOnce(signal);
      return { headers: { Authorization: `Bearer ${keep.accessToken() ?? ""}` } };
    },
    renew: renewOnce,
  };
}

/** What the authenticator's own fields come to; parameters that differ between streams are no part of it. */
function keyOf(node: Node, scope: Scope): string {
  const read = reader(node, scope);
  const names = Object.keys(fields) as (keyof typeof fields)[];
  return stringifyJson(
    names.map((name) => (typeof node[name] === "string" ? read(name) : (node[name] ?? null))),
  );
}

type Read = (field: keyof typeof fields) => string;

/** A field's text; empty where it is absent or comes to nothing. */
function reader(node: Node, scope: Scope): Read {
  const variables = baseVariables(node, scope);
  return (field) => {
    const value = node[field];
    if (value === undefined || value === null) return "";
    if (typeof value !== "string") return textOf(value);
    const result = scope.template(value).evaluate(variables);
    return result === null || result === undefined ? "" : textOf(result);
  };
}

function mapOf(value: unknown, node: Node, scope: Scope): JsonObject {
  const result = flatInputs(value as JsonValue, scope)(baseVariables(node, scope));
  return isMap(result) ? result : {};
}

function keepOf(read: Read, now: number): TokenKeep {
  const accessToken = read("access_token_value");
  const expiry = read("token_expiry_date");
  return keepInMemory({
    accessToken: accessToken === "" ? null : accessToken,
    expiresAt: expiry === "" ? now - 86_400_000 : expiryOf(expiry),
    refreshToken: () => read("refresh_token") || null,
  });
}

function pathsOf(updater: Updater) {
  return {
    accessToken: updater.access_token_config_path ?? ["credentials", "access_token"],
    refreshToken: updater.refresh_token_config_path ?? ["credentials", "refresh_token"],
    expiresAt: updater.token_expiry_date_config_path ?? ["credentials", "token_expiry_date"],
  };
}

function failuresOf(node: OAuthNode, updater: Updater | null): TokenFailures {
  const own = updater?.refresh_token_error_status_codes?.length ? updater : node;
  return {
    statuses: own.refresh_token_error_status_codes ?? [],
    key: own.refresh_token_error_key ?? "",
    values: own.refresh_token_error_values ?? [],
  };
}

/** The signed assertion and its grant type, where the authenticator identifies a service account. */
function assertionOf(node: Node, scope: Scope): ((signal: AbortSignal) => Promise<JsonObject>) | null {
  const flag = node["use_profile_assertion"];
  const isUsed =
    typeof flag === "string" ? scope.template(flag).test(baseVariables(node, scope)) : flag === true;
  if (!isUsed) return null;
  const child = node["profile_assertion"];
  if (!isMap(child)) throw incomplete("profile_assertion is missing.");
  const signer = scope.build("authenticator", child as Node);
  const read = reader(node, scope);
  return async (signal) => {
    const { headers, params, bodyData } = await signer.credentials(signal);
    const [assertion = ""] = Object.values({ ...headers, ...params, ...bodyData });
    return {
      [read("grant_type_name") || "grant_type"]: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    };
  };
}

interface Grant {
  readonly node: OAuthNode;
  readonly scope: Scope;
  readonly read: Read;
  readonly keep: TokenKeep;
  readonly updater: Updater | null;
  readonly headers: JsonObject;
}

function grantOf({ node, scope, read, keep, updater, headers }: Grant): JsonObject {
  const grantType = read("grant_type") || "refresh_token";
  // Providers that take the client's credentials in the header refuse them in the body.
  const isInHeader = Object.hasOwn(headers, "Authorization");
  const clientId = credential("client_id", read, updater, scope);
  if (!isInHeader && clientId === "") throw incomplete("The client id is empty.");
  const refreshToken = keep.refreshToken();
  if (grantType === "refresh_token" && refreshToken === null) throw incomplete("There is no refresh token.");
  const own: JsonObject = {
    [read("grant_type_name") || "grant_type"]: grantType,
    ...(isInHeader
      ? {}
      : {
          [read("client_id_name") || "client_id"]: clientId,
          [read("client_secret_name") || "client_secret"]: credential("client_secret", read, updater, scope),
        }),
    [refreshTokenName(read, updater)]: refreshToken,
    ...(node.scopes === undefined || node.scopes.length === 0 ? {} : { scopes: node.scopes }),
  };
  return { ...mapOf(node["refresh_request_body"], node, scope), ...own };
}

function refreshTokenName(read: Read, updater: Updater | null): string {
  return updater === null
    ? read("refresh_token_name") || "refresh_token"
    : (updater.refresh_token_name ?? "refresh_token");
}

/** With an updater, what the configuration holds under `credentials` goes first. */
function credential(
  field: "client_id" | "client_secret",
  read: Read,
  updater: Updater | null,
  scope: Scope,
): string {
  const kept = updater === null ? undefined : valueAt(scope.config, ["credentials", field]);
  return kept === undefined ? read(field) : textOf(kept);
}

function incomplete(what: string): WeirError {
  return new WeirError({
    code: "manifest.oauth",
    message: `The OAuth credentials are not complete. ${what}`,
    next: "Fill in the credentials in the configuration.",
    recovery: "ask",
    origin: "source",
  });
}
