import { describe, expect, test } from "vitest";
import type { JsonObject } from "../src/json.ts";
import { secretsOf } from "../src/secrets.ts";
import { Strike } from "../src/strike.ts";

const secret = { type: "string", airbyte_secret: true };

describe("secrets of a configuration are found", () => {
  test.each<[string, object, object]>([
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
    expect(secretsOf(schema as JsonObject, config as JsonObject)).toEqual(["open-sesame"]);
  });

  test("all of them, numbers as texts, and nothing else", () => {
    const schema = {
      properties: {
        user: { type: "string" },
        password: secret,
        pin: { type: "integer", airbyte_secret: true },
        keys: { type: "array", items: { properties: { name: { type: "string" }, key: secret } } },
        tunnel: { anyOf: [{ properties: { kind: { const: "none" } } }, { properties: { key: secret } }] },
        bundle: { airbyte_secret: true },
      },
    };
    const config = {
      user: "u",
      password: "p1",
      pin: 4711,
      keys: [{ name: "n", key: "k1" }],
      tunnel: { kind: "ssh", key: "k2" },
      bundle: { a: "s1", b: ["s2", 5n] },
    };
    expect(secretsOf(schema, config)).toEqual(["p1", "4711", "k1", "k2", "s1", "s2", "5"]);
    expect(secretsOf(schema, undefined)).toEqual([]);
  });

  test.each([
    ["elsewhere", { $ref: "https://example.com/schema" }],
    ["to nothing", { $ref: "#/nowhere/at/all" }],
    ["to itself", { $ref: "#/properties/a" }],
    ["to what every object has", { $ref: "#/constructor" }],
  ])("a reference %s is no secret", (_, a) => {
    expect(secretsOf({ properties: { a } }, { a: "open-sesame" })).toEqual([]);
  });
});

describe("secrets are struck", () => {
  const hard = 'p@ss wörd/"\\\n+?';
  const base64 = (text: string): string => Buffer.from(text).toString("base64");

  test.each<[string, string, string]>([
    ["as they are", hard, hard],
    ["in JSON", hard, JSON.stringify(hard).slice(1, -1)],
    ["in a URL", hard, encodeURIComponent(hard)],
    ["in a URL with small letters", hard, "p%40ss%20w%c3%b6rd%2f%22%5c%0a%2b%3f"],
    ["in a form", "p@ss word", "p%40ss+word"],
    ["in base64", hard, base64(hard).replace(/=+$/, "")],
    ["in base64 for URLs", "??>>??>>?", Buffer.from("??>>??>>?").toString("base64url")],
    ["that hold half a character", "half \ud800 secret", "half %EF%BF%BD secret".replaceAll(" ", "%20")],
  ])("%s", (_, secretText, form) => {
    expect(new Strike([secretText]).text(`<${form}> and <${form}>`)).toBe("<**********> and <**********>");
  });

  test.each(["a:", "ab:", "abc:", "user:"])("in base64 behind %s", (before) => {
    const said = `Basic ${base64(`${before}open-sesame`)}`;
    const shown = new Strike(["open-sesame"]).text(said);
    expect(shown).toContain("**********");
    // What is left around it are the characters it shares with its neighbours.
    const left = shown.replace("**********", "").replace("Basic ", "");
    expect(left.length).toBeLessThanOrEqual(base64(before).length + 4);
  });

  test("line by line", () => {
    const key = "-----BEGIN-----\r\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END-----";
    const strike = new Strike([key]);
    expect(strike.text(key)).toBe("**********");
    expect(strike.text("line 2: kqhkiG9w0BAQEF")).toBe("line 2: **********");
  });

  test("the longest first, so that one in another leaves no rest", () => {
    const strike = new Strike(["p@ss", "p@ss-word", ""]);
    expect(strike.text("p@ss at p@ss-word and postgres://u:p%40ss@h")).toBe(
      "********** at ********** and postgres://u:**********@h",
    );
    expect(strike.text("")).toBe("");
  });

  test("short ones where they stand alone, or anywhere", () => {
    expect(new Strike(["ab", "7"]).text("ab about (ab), 7 of 70")).toBe(
      "********** about (**********), ********** of 70",
    );
    expect(new Strike(["ab"], { short: "anywhere" }).text("about")).toBe("**********out");
  });

  test("words come in later, and the longest form is known", () => {
    const strike = new Strike();
    expect(strike.text("open-sesame")).toBe("open-sesame");
    expect(strike.longest).toBe(0);
    strike.add("open-sesame");
    expect(strike.text("open-sesame")).toBe("**********");
    expect(strike.longest).toBeGreaterThanOrEqual(base64("open-sesame").length - 1);
  });
});
