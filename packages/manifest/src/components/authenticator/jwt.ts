import { Type } from "@weir/kit";
import { type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node, type Scope, templateText } from "../../component.ts";
import { flatInputs, isMap } from "../../http/inputs.ts";
import { parseExact } from "../../http/json.ts";
import { Callable } from "../../expressions/index.ts";
import { signJwt } from "../../http/jwt.ts";
import { injectionOf, requestOption } from "../../http/request-option.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { Authenticator } from "./contract.ts";

/** Only here: service accounts come as a JSON text in one setting. */
const JSON_LOADS = new Callable("json_loads", ([text]) => parseExact(String(text)));

const DEFAULT_SECONDS = 1200;

const claims = (what: string) => Type.Optional(Type.Unknown({ description: what, "x-template": true }));

export const jwtAuthenticator = defineComponent({
  kind: "authenticator",
  type: "JwtAuthenticator",
  doc: "Signs a JSON Web Token for each request.",
  fields: Type.Object({
    secret_key: templateText("The secret, or the private key as PEM."),
    algorithm: Type.String({ description: "HS256, RS256, ES256 and their like, PS256 or EdDSA." }),
    base64_encode_secret_key: Type.Optional(
      Type.Unknown({ description: "Whether the secret is encoded in base64 first.", default: false }),
    ),
    token_duration: Type.Optional(
      Type.Integer({ description: "Seconds that a token is good for.", default: DEFAULT_SECONDS }),
    ),
    header_prefix: Type.Optional(templateText("A word before the token.")),
    jwt_headers: claims("kid, typ and cty."),
    additional_jwt_headers: claims("Further headers."),
    jwt_payload: claims("iss, sub and aud."),
    additional_jwt_payload: claims("Further claims."),
    passphrase: Type.Optional(templateText("What the private key is encrypted with.")),
    request_option: Type.Optional(
      requestOption("What the token is put into; absent: the header Authorization."),
    ),
  }),
  build: (node, scope) => {
    const variables = {
      ...baseVariables(node, scope),
      json_loads: JSON_LOADS,
    };
    const evaluate = (text: string): string => textOf(scope.template(text).evaluate(variables));
    const inject = injectionOf(
      (node.request_option ?? { inject_into: "header", field_name: "Authorization" }) as JsonObject,
      scope,
      variables,
    );
    const map = (value: unknown): JsonObject => {
      const result = flatInputs(value as JsonValue, scope)(variables);
      return isMap(result) ? result : {};
    };
    const seconds = node.token_duration ?? DEFAULT_SECONDS;
    const token = (): string => {
      const now = Math.floor(scope.services.context.clock.now() / 1000);
      return signJwt({
        algorithm: node.algorithm,
        secret: evaluate(node.secret_key),
        isEncoded: isTrue(node, scope),
        passphrase: node.passphrase === undefined ? "" : evaluate(node.passphrase),
        headers: {
          typ: "JWT",
          alg: node.algorithm,
          ...withoutReserved(map(node.additional_jwt_headers), ["kid", "alg", "typ", "cty"]),
          ...texts(map(node.jwt_headers)),
        },
        payload: {
          ...withoutReserved(map(node.additional_jwt_payload), ["iss", "sub", "aud", "iat", "exp", "nbf"]),
          ...claimsOf(map(node.jwt_payload)),
          iat: now,
          exp: now + seconds,
          nbf: now,
        },
      });
    };
    const authenticator: Authenticator = {
      credentials: () => {
        const prefix = node.header_prefix ? evaluate(node.header_prefix) : "";
        return Promise.resolve(inject(prefix === "" ? token() : `${prefix} ${token()}`));
      },
    };
    return authenticator;
  },
});

/** A key's id and the like are texts, also where they look like numbers. */
function texts(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, textOf(value)]));
}

function claimsOf({ iss, sub, aud }: JsonObject): JsonObject {
  return {
    ...(iss === undefined ? {} : { iss: textOf(iss) }),
    ...(sub === undefined ? {} : { sub: textOf(sub) }),
    ...(aud === undefined ? {} : { aud }),
  };
}

function isTrue(node: Node, scope: Scope): boolean {
  const flag = node["base64_encode_secret_key"];
  return typeof flag === "string" ? scope.template(flag).test(baseVariables(node, scope)) : flag === true;
}

function withoutReserved(map: JsonObject, reserved: readonly string[]): JsonObject {
  const taken = reserved.find((name) => Object.hasOwn(map, name));
  if (taken === undefined) return map;
  throw new WeirError({
    code: "manifest.jwt",
    message: `"${taken}" of the token cannot be set as an additional value.`,
    next: "Correct the JwtAuthenticator in the manifest.",
    recovery: "stop",
    origin: "source",
  });
}
