import { describe, expect, it } from "vitest";
import { Strike } from "../../src/runners/strike.ts";

const secret = { type: "string", airbyte_secret: true };

/** What is struck of a text that holds every secret of the configuration. */
function struck(schema: object, config: object): string {
  const strike = new Strike();
  strike.learn(schema as never, config as never);
  return strike.text("open-sesame");
}

describe("secrets of a configuration are found", () => {
  it.each([
    ["in a property", { properties: { a: secret } }, { a: "open-sesame" }],
    [
      "in one of several forms",
      { properties: { a: { oneOf: [{}, { properties: { b: secret } }] } } },
      { a: { b: "open-sesame" } },
    ],
    ["in a list", { properties: { a: { type: "array", items: secret } } }, { a: ["open-sesame"] }],
    ["under any name", { additionalProperties: secret }, { a: "open-sesame" }],
    [
      "behind a reference",
      { $defs: { "a/b": secret }, properties: { a: { $ref: "#/$defs/a~1b" } } },
      { a: "open-sesame" },
    ],
    [
      "behind a reference to the whole",
      { properties: { a: { $ref: "#" }, b: secret } },
      { a: { a: { b: "open-sesame" } } },
    ],
    [
      "in a reference's list",
      { definitions: [secret], properties: { a: { allOf: [{ $ref: "#/definitions/0" }] } } },
      { a: "open-sesame" },
    ],
    ["below a secret object", { properties: { a: { airbyte_secret: true } } }, { a: { b: ["open-sesame"] } }],
  ])("%s", (_, schema, config) => {
    expect(struck(schema, config)).toBe("**********");
  });

  it.each([
    ["elsewhere", { $ref: "https://example.com/schema" }],
    ["to nothing", { $ref: "#/nowhere/at/all" }],
    ["to itself", { $ref: "#/properties/a" }],
    ["to what every object has", { $ref: "#/constructor" }],
  ])("a reference %s is no secret", (_, a) => {
    expect(struck({ properties: { a } }, { a: "open-sesame" })).toBe("open-sesame");
  });
});
