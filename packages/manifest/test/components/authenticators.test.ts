import { createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import type { JsonObject } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import type { Node } from "../../src/component.ts";
import type { PageResponse } from "../../src/components/requester/contract.ts";
import { call, type Reply, scene, type SceneOptions, signal, START } from "./scene.ts";

async function credentials(node: Node, options: SceneOptions = {}) {
  return scene(options).scope.build("authenticator", node).credentials(signal);
}

const form = (body: unknown): Record<string, string> => Object.fromEntries(new URLSearchParams(String(body)));

describe("plain authenticators", () => {
  test.each<readonly [Node, JsonObject]>([
    [{ type: "NoAuth" }, {}],
    [
      { type: "BearerAuthenticator", api_token: "{{ config.key }}" },
      { headers: { Authorization: "Bearer k1" } },
    ],
    [
      { type: "BasicHttpAuthenticator", username: "{{ config.key }}" },
      { headers: { Authorization: "Basic azE6" } },
    ],
    [
      { type: "BasicHttpAuthenticator", username: "ü", password: "p" },
      { headers: { Authorization: "Basic w7w6cA==" } },
    ],
    [
      { type: "ApiKeyAuthenticator", api_token: "{{ config.key }}", header: "X-Key" },
      { headers: { "X-Key": "k1" } },
    ],
    [
      {
        type: "ApiKeyAuthenticator",
        api_token: "Token {{ config.key }}",
        inject_into: { inject_into: "request_parameter", field_name: "api_key" },
      },
      { params: { api_key: "Token k1" } },
    ],
    [
      {
        type: "ApiKeyAuthenticator",
        api_token: "k",
        inject_into: { inject_into: "body_json", field_path: ["auth", "key"] },
      },
      { bodyJson: { auth: { key: "k" } } },
    ],
  ])("%j", async (node, expected) => {
    expect(await credentials(node, { config: { key: "k1" } })).toEqual(expected);
  });

  test("the configuration selects", async () => {
    const node: Node = {
      type: "SelectiveAuthenticator",
      authenticator_selection_path: ["credentials", "kind"],
      authenticators: { token: { type: "BearerAuthenticator", api_token: "t" }, none: { type: "NoAuth" } },
    };
    const select = (kind: string) => credentials(node, { config: { credentials: { kind } } });
    expect(await select("token")).toEqual({ headers: { Authorization: "Bearer t" } });
    await expect(select("__proto__")).rejects.toMatchObject({ failure: { recovery: "ask" } });
  });
});

const oauth: Node = {
  type: "OAuthAuthenticator",
  token_refresh_endpoint: "https://x.io/token",
  client_id: "{{ config.id }}",
  client_secret: "s",
  refresh_token: "r",
};

const token = (n: number, more: JsonObject = {}): Reply => ({
  body: { access_token: `t${n}`, expires_in: 3600, ...more },
});

describe("OAuth", () => {
  test("asks once for all streams, again when the token has expired, and when told to", async () => {
    const stage = scene({ config: { id: "i" }, reply: (_request, count) => token(count) });
    const [one, other] = [
      stage.scope.build("authenticator", oauth),
      stage.scope.build("authenticator", { ...oauth, name: "b" }),
    ];
    const headers = async (by = one) => (await by.credentials(signal)).headers?.["Authorization"];
    expect(await Promise.all([headers(), headers(other), headers()])).toEqual([
      "Bearer t1",
      "Bearer t1",
      "Bearer t1",
    ]);
    expect(form(stage.sent[0]?.body)).toEqual({
      grant_type: "refresh_token",
      client_id: "i",
      client_secret: "s",
      refresh_token: "r",
    });
    stage.now += 3_600_001;
    expect(await headers(other)).toBe("Bearer t2");
    await one.renew?.(signal);
    expect([await headers(), stage.sent.length]).toEqual(["Bearer t3", 3]);
  });

  test.each<readonly [string, JsonObject, Record<string, string>]>([
    [
      "client credentials with scopes and more",
      {
        grant_type: "client_credentials",
        refresh_token: null,
        scopes: ["a", "b"],
        refresh_request_body: { audience: "{{ config.id }}", grant_type: "no" },
      },
      { grant_type: "client_credentials", client_id: "i", client_secret: "s", scopes: "b", audience: "i" },
    ],
    [
      "other names",
      { client_id_name: "app", refresh_token_name: "rt", grant_type_name: "gt" },
      { gt: "refresh_token", app: "i", client_secret: "s", rt: "r" },
    ],
    [
      "credentials in the header",
      { refresh_request_headers: { Authorization: "Basic x" } },
      { grant_type: "refresh_token", refresh_token: "r" },
    ],
  ])("%s", async (_name, fields, body) => {
    const stage = scene({ config: { id: "i" }, reply: () => token(1) });
    await stage.scope.build("authenticator", { ...oauth, ...fields }).credentials(signal);
    expect(form(stage.sent[0]?.body)).toEqual(body);
  });

  test("fields in the address", async () => {
    const stage = scene({ config: { id: "i" }, reply: () => token(1) });
    await stage.scope
      .build("authenticator", { ...oauth, send_refresh_request_as_query_params: true })
      .credentials(signal);
    expect(stage.sent[0]).toMatchObject({ method: "POST", body: null });
    expect(stage.sent[0]?.url).toContain("refresh_token=r");
  });

  test.each<readonly [string, JsonObject, JsonObject, number]>([
    ["nested, seconds as text", {}, { expires_in: "120.0" }, 120],
    ["none", {}, {}, 3600],
    [
      "a moment",
      { expires_in_name: "until", token_expiry_date_format: "%Y" },
      { until: "2025-03-04T05:07:07.123Z" },
      60,
    ],
    [
      "a moment with a blank",
      { expires_in_name: "until", token_expiry_date_format: "%Y" },
      { until: "2025-03-04 05:08:07" },
      119.877,
    ],
  ])("life of the token: %s", async (_name, fields, life, seconds) => {
    const stage = scene({
      config: { id: "i" },
      reply: () => ({ body: { data: [{ access_token: "t", ...life }] } }),
    });
    const authenticator = stage.scope.build("authenticator", { ...oauth, ...fields });
    await authenticator.credentials(signal);
    stage.now = START + seconds * 1000;
    await authenticator.credentials(signal);
    expect(stage.sent).toHaveLength(1);
    stage.now += 1;
    await authenticator.credentials(signal);
    expect(stage.sent).toHaveLength(2);
  });

  test("an access token of the configuration is used until it expires", async () => {
    const given = { ...oauth, access_token_value: "a", token_expiry_date: "2025-03-04T06:00:00Z" };
    const stage = scene({ config: { id: "i" }, reply: () => token(1) });
    const authenticator = stage.scope.build("authenticator", given);
    expect((await authenticator.credentials(signal)).headers).toEqual({ Authorization: "Bearer a" });
    stage.now += 3_600_000;
    expect((await authenticator.credentials(signal)).headers).toEqual({ Authorization: "Bearer t1" });
  });

  test("refresh tokens good for one use are kept before the new token is used", async () => {
    const node = { ...oauth, refresh_token_updater: {} };
    const config = {
      other: 1,
      credentials: { client_id: "c", refresh_token: "r0", access_token: "old", token_expiry_date: "" },
    };
    const stage = scene({ config, reply: (_request, count) => token(count, { refresh_token: `r${count}` }) });
    const authenticator = stage.scope.build("authenticator", node);
    await authenticator.credentials(signal);
    expect(form(stage.sent[0]?.body)).toMatchObject({ client_id: "c", refresh_token: "r0" });
    expect(stage.rotated).toEqual([
      {
        other: 1,
        credentials: {
          client_id: "c",
          refresh_token: "r1",
          access_token: "t1",
          token_expiry_date: "2025-03-04T06:06:07.123000+00:00",
        },
      },
    ]);
    stage.now += 3_600_001;
    expect((await authenticator.credentials(signal)).headers).toEqual({ Authorization: "Bearer t2" });
    expect(form(stage.sent[1]?.body)).toMatchObject({ refresh_token: "r1" });
    expect(config.credentials.refresh_token).toBe("r0");
  });

  test("429 and 5xx are tried again, 400 is not and its body is not told", async () => {
    const replies: Reply[] = [{ status: 503 }, { status: 429 }, token(1)];
    const stage = scene({ config: { id: "i" }, reply: (_request, count) => replies[count - 1] ?? {} });
    await stage.scope.build("authenticator", oauth).credentials(signal);
    expect(stage.slept).toEqual([0.5, 1]);
    const failing = credentials(oauth, {
      config: { id: "i" },
      reply: () => ({ status: 400, body: { error: "secret" } }),
    });
    await expect(failing).rejects.toMatchObject({
      failure: {
        code: "http.token",
        recovery: "ask",
        message: expect.not.stringContaining("secret") as string,
      },
    });
  });

  test("a service account's assertion", async () => {
    const assertion = {
      type: "JwtAuthenticator",
      algorithm: "HS256",
      secret_key: "k",
      jwt_payload: { iss: "me" },
    };
    const stage = scene({ reply: () => token(1) });
    const node = {
      type: "OAuthAuthenticator",
      token_refresh_endpoint: "https://x.io/t",
      use_profile_assertion: true,
      profile_assertion: assertion,
    };
    await stage.scope.build("authenticator", node).credentials(signal);
    const sent = form(stage.sent[0]?.body);
    expect(Object.keys(sent)).toEqual(["grant_type", "assertion"]);
    expect(sent["grant_type"]).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
  });

  test("a token that expires in the middle of a sync is renewed where the manifest says so", async () => {
    const stage = scene({
      config: { id: "i" },
      reply: (request, count) => {
        if (request.url.endsWith("/token")) return token(count);
        return request.headers["Authorization"] === "Bearer t1" ? { status: 401 } : { body: [1] };
      },
    });
    const response_filters = [
      { type: "HttpResponseFilter", http_codes: [401], action: "REFRESH_TOKEN_THEN_RETRY" },
    ];
    const requester = stage.scope.build("requester", {
      type: "HttpRequester",
      url_base: "https://x.io/data",
      authenticator: oauth,
      error_handler: { type: "DefaultErrorHandler", response_filters },
    });
    const page = (await requester.send(call(), signal)) as PageResponse;
    expect([page.status, stage.sent.length]).toEqual([200, 4]);
  });
});

describe("session tokens", () => {
  const session = (more: JsonObject = {}): Node => ({
    type: "SessionTokenAuthenticator",
    login_requester: {
      type: "HttpRequester",
      url_base: "https://x.io/login",
      http_method: "POST",
      request_body_json: { user: "u" },
    },
    session_token_path: ["data", "token"],
    request_authentication: { type: "Bearer" },
    ...more,
  });
  const reply = (_request: unknown, count: number): Reply => ({ body: { data: { token: `s${count}` } } });

  test("one log-in for as long as the token lives", async () => {
    const stage = scene({ reply });
    const authenticator = stage.scope.build("authenticator", session({ expiration_duration: "PT1H" }));
    const header = async () => (await authenticator.credentials(signal)).headers?.["Authorization"];
    expect(await Promise.all([header(), header()])).toEqual(["Bearer s1", "Bearer s1"]);
    stage.now += 3_600_001;
    expect(await header()).toBe("Bearer s2");
    expect(stage.sent[0]).toMatchObject({ method: "POST", body: '{"user":"u"}' });
  });

  test("as an API key with a template", async () => {
    const how = {
      type: "ApiKey",
      api_token: "Token {{ session_token }}",
      inject_into: { inject_into: "header", field_name: "X-S" },
    };
    expect(await credentials(session({ request_authentication: how }), { reply })).toEqual({
      headers: { "X-S": "Token s1" },
    });
  });

  test("an answer without the token asks for a person", async () => {
    await expect(credentials(session(), { reply: () => ({ body: {} }) })).rejects.toMatchObject({
      failure: { recovery: "ask" },
    });
  });

  test("the older kind checks its token and logs in when it is not valid", async () => {
    const node: Node = {
      type: "LegacySessionTokenAuthenticator",
      $url: "https://x.io/",
      header: "X-Session",
      login_url: "session",
      validate_session_url: "user",
      session_token: "given",
      session_token_response_key: "id",
      username: "u",
      password: "p",
    };
    expect(await credentials(node, { reply: () => ({ status: 200 }) })).toEqual({
      headers: { "X-Session": "given" },
    });
    const replies = [{ status: 401 }, { body: { id: "new" } }];
    expect(await credentials(node, { reply: (_request, count) => replies[count - 1] ?? {} })).toEqual({
      headers: { "X-Session": "new" },
    });
  });
});

describe("JSON Web Tokens", () => {
  const decode = (part: string | undefined): unknown =>
    JSON.parse(Buffer.from(part ?? "", "base64url").toString());
  const jwt = async (more: JsonObject) => {
    const { headers } = await credentials({
      type: "JwtAuthenticator",
      algorithm: "HS256",
      secret_key: "k",
      ...more,
    });
    return (headers?.["Authorization"] ?? "").split(".");
  };

  test("claims, times and a shared secret", async () => {
    const [head, payload, signature] = await jwt({
      token_duration: 60,
      jwt_headers: { kid: "1" },
      jwt_payload: { iss: "me" },
      additional_jwt_payload: { role: "x" },
      base64_encode_secret_key: true,
    });
    const now = Math.floor(START / 1000);
    expect(decode(head)).toEqual({ typ: "JWT", alg: "HS256", kid: "1" });
    expect(decode(payload)).toEqual({ role: "x", iss: "me", iat: now, exp: now + 60, nbf: now });
    expect(signature).toBe(createHmac("sha256", "aw==").update(`${head}.${payload}`).digest("base64url"));
  });

  test.each(["RS256", "PS256", "ES256", "EdDSA"])("%s", async (algorithm) => {
    const { privateKey, publicKey } =
      algorithm === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : algorithm === "EdDSA"
          ? generateKeyPairSync("ed25519")
          : generateKeyPairSync("rsa", { modulusLength: 2048 });
    const [head, payload, signature] = await jwt({
      algorithm,
      secret_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    });
    const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
    const options =
      algorithm === "ES256"
        ? { key, dsaEncoding: "ieee-p1363" as const }
        : algorithm === "PS256"
          ? { key, padding: 6 }
          : { key };
    const digest = algorithm === "EdDSA" ? null : "sha256";
    expect(
      verify(digest, Buffer.from(`${head}.${payload}`), options, Buffer.from(signature ?? "", "base64url")),
    ).toBe(true);
  });

  test("a broken key asks for a person and is not told", async () => {
    await expect(jwt({ algorithm: "RS256", secret_key: "not a key" })).rejects.toMatchObject({
      failure: { code: "http.jwt", message: expect.not.stringContaining("not a key") as string },
    });
  });
});
