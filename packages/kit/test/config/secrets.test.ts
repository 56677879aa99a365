import { redact, secretsOf, specOf, Type } from "@weir/kit";
import { expect, test } from "vitest";

const schema = specOf(
  Type.Object({
    user: Type.String(),
    password: Type.String({ airbyte_secret: true }),
    pin: Type.Integer({ airbyte_secret: true }),
    keys: Type.Array(Type.Object({ name: Type.String(), key: Type.String({ airbyte_secret: true }) })),
    tunnel: Type.Union([
      Type.Object({ kind: Type.Literal("none") }),
      Type.Object({ kind: Type.Literal("ssh"), key: Type.String({ airbyte_secret: true }) }),
    ]),
    bundle: Type.Object({ a: Type.String(), b: Type.Array(Type.String()) }, { airbyte_secret: true }),
  }),
).connectionSpecification;

test("secrets are found in objects, lists, branches and below a secret object", () => {
  const config = {
    user: "u",
    password: "p1",
    pin: 4711,
    keys: [{ name: "n", key: "k1" }],
    tunnel: { kind: "ssh", key: "k2" },
    bundle: { a: "s1", b: ["s2"] },
  };
  expect(secretsOf(schema, config)).toEqual(["p1", "4711", "k1", "k2", "s1", "s2"]);
  expect(secretsOf(schema, undefined)).toEqual([]);
});

test("secrets are masked, in URLs too, the longer first", () => {
  expect(redact("p@ss at p@ss-word and postgres://u:p%40ss@h", ["p@ss", "p@ss-word", ""])).toBe(
    "********** at ********** and postgres://u:**********@h",
  );
});
