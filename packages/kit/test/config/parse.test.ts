import { parseConfig, type Static, Type } from "@weir/kit";
import { type Failure, type JsonObject, WeirError } from "@weir/protocol";
import { expect, expectTypeOf, test } from "vitest";

const schema = Type.Object({
  host: Type.String({ minLength: 1 }),
  port: Type.Integer({ default: 5432, minimum: 1, maximum: 65_535 }),
  password: Type.Optional(Type.String({ airbyte_secret: true, minLength: 3 })),
  site: Type.Optional(Type.String({ format: "uri" })),
  tags: Type.Array(Type.Object({ name: Type.String(), weight: Type.Number({ default: 1 }) }), {
    default: [],
  }),
  tls: Type.Object(
    { mode: Type.Union([Type.Literal("off"), Type.Literal("on")], { default: "off" }) },
    { default: {} },
  ),
  method: Type.Union(
    [
      Type.Object({ kind: Type.Literal("full") }),
      Type.Object({ kind: Type.Literal("cursor"), column: Type.String(), lag: Type.Integer({ default: 3 }) }),
    ],
    { default: { kind: "full" } },
  ),
});

function failureFor(value: unknown, of: Parameters<typeof parseConfig>[0] = schema): Failure {
  try {
    parseConfig(of, value, "sources.shop.config");
  } catch (error) {
    if (error instanceof WeirError) return error.failure;
    throw error;
  }
  throw new Error("The configuration was accepted.");
}

test("defaults are filled in, inside objects, lists and the branch that is meant", () => {
  const { config, warnings } = parseConfig(
    schema,
    { host: "db", tags: [{ name: "a" }], method: { kind: "cursor", column: "id" } },
    "config",
  );
  expect(config).toEqual({
    host: "db",
    port: 5432,
    tags: [{ name: "a", weight: 1 }],
    tls: { mode: "off" },
    method: { kind: "cursor", column: "id", lag: 3 },
  });
  expect(warnings).toEqual([]);
  expectTypeOf(config).toEqualTypeOf<Static<typeof schema>>();
});

test("a value given is never replaced by a default, and the input stays as it was", () => {
  const given = Object.freeze({ host: "db", port: 1, tls: Object.freeze({ mode: "on" }) });
  expect(parseConfig(schema, given, "").config).toMatchObject({ port: 1, tls: { mode: "on" } });
});

test("unknown keys are kept and warned about, with their paths", () => {
  const { config, warnings } = parseConfig(
    schema,
    {
      host: "db",
      prot: 1,
      tls: { mod: "on" },
      method: { kind: "full", column: "x" },
      tags: [{ name: "a", x: 1 }],
    },
    "sources.shop.config",
  );
  expect(config).toHaveProperty("prot", 1);
  expect(warnings).toEqual([
    'sources.shop.config.prot is not a known key and has no effect. Did you mean "port"?',
    'sources.shop.config.tls.mod is not a known key and has no effect. Did you mean "mode"?',
    "sources.shop.config.method.column is not a known key and has no effect.",
    "sources.shop.config.tags.0.x is not a known key and has no effect.",
  ]);
});

test.each<[what: string, value: unknown, message: string]>([
  ["a key misspelt", { hots: "db" }, 'sources.shop.config.host is missing; "hots" is not a known key.'],
  ["nothing at all", undefined, "sources.shop.config.host is missing."],
  ["not an object", "text", "sources.shop.config must be an object, is text."],
  ["a list", [], "sources.shop.config must be an object, is a list."],
  ["empty text", { host: "" }, "sources.shop.config.host must not be empty."],
  ["null", { host: null }, "sources.shop.config.host must be a string, is null."],
  ["text for a number", { host: "a", port: "5432" }, "sources.shop.config.port must be an integer, is text."],
  ["a fraction", { host: "a", port: 1.5 }, "sources.shop.config.port must be an integer, is a number."],
  ["too large", { host: "a", port: 70_000 }, "sources.shop.config.port must be <= 65535."],
  [
    "too short",
    { host: "a", password: "x" },
    "sources.shop.config.password must have at least 3 characters.",
  ],
  ["no URL", { host: "a", site: "nowhere" }, "sources.shop.config.site is not a valid uri."],
  [
    "none of an enumeration",
    { host: "a", tls: { mode: "maybe" } },
    "sources.shop.config.tls.mode must be one of off, on.",
  ],
  [
    "no branch",
    { host: "a", method: { kind: "x" } },
    'sources.shop.config.method must have one of kind: "full", kind: "cursor".',
  ],
  [
    "no object where branches are",
    { host: "a", method: 5 },
    "sources.shop.config.method fits none of the forms allowed here, is a number.",
  ],
  [
    "wrong inside a branch",
    { host: "a", method: { kind: "cursor" } },
    "sources.shop.config.method.column is missing.",
  ],
  [
    "wrong inside a list",
    { host: "a", tags: [{ name: 1 }] },
    "sources.shop.config.tags.0.name must be a string, is a number.",
  ],
])("%s", (_what, value, message) => {
  expect(failureFor(value)).toMatchObject({
    code: "config.invalid",
    message,
    recovery: "ask",
    origin: "config",
  });
});

test("every problem is named at once, and the first one's path is the failure's", () => {
  const failure = failureFor({ port: "x", tls: { mode: 1 }, method: { kind: "cursor", lag: "y" } });
  expect(failure.path).toBe("sources.shop.config.host");
  expect(failure.message).toBe(
    "5 problems: sources.shop.config.host is missing; sources.shop.config.port must be an integer, is text; " +
      "sources.shop.config.tls.mode must be one of off, on; sources.shop.config.method.column is missing; " +
      "sources.shop.config.method.lag must be an integer, is text.",
  );
});

test("no value is repeated: a secret may stand in the wrong place", () => {
  const secret = "hunter2-in-the-wrong-place";
  const failure = failureFor({
    host: 1,
    port: secret,
    password: [secret],
    tls: { mode: secret },
    method: secret,
  });
  expect(JSON.stringify(failure)).not.toContain(secret);
});

test("a foreign connector's schema: oneOf, const, keys not allowed, names with slashes", () => {
  const foreign: JsonObject = {
    type: "object",
    additionalProperties: false,
    required: ["auth"],
    properties: {
      "a/b~c": { type: "integer" },
      auth: {
        oneOf: [
          {
            type: "object",
            required: ["token"],
            properties: { type: { const: "key" }, token: { type: "string" } },
          },
          {
            type: "object",
            required: ["user"],
            properties: { type: { const: "basic" }, user: { type: "string" } },
          },
        ],
      },
    },
  };
  expect(failureFor({ auth: { type: "basic" }, "a/b~c": "x", more: 1 }, foreign).message).toBe(
    "3 problems: sources.shop.config.more is not a known key; sources.shop.config.a/b~c must be an integer, is text; " +
      "sources.shop.config.auth.user is missing.",
  );
  expect(parseConfig(foreign, { auth: { type: "key", token: "t" } }, "").config).toEqual({
    auth: { type: "key", token: "t" },
  });
});
