import { readFileSync } from "node:fs";
import type { JsonObject } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { joinUrl } from "../../src/http/join.ts";
import { encodePairs, withQuery } from "../../src/http/query.ts";
import { outgoing } from "../../src/http/request.ts";

const table = JSON.parse(readFileSync(new URL("addresses.json", import.meta.url), "utf8")) as {
  readonly prepared: readonly (readonly [string, JsonObject, string])[];
  readonly joined: readonly (readonly [string, string, string])[];
};

describe("addresses", () => {
  test.each(table.prepared)("%s with %j", (url, params, prepared) => {
    expect(withQuery(url, encodePairs(params))).toBe(prepared);
  });

  test.each(table.joined)("%s and %j", (base, path, joined) => {
    expect(joinUrl(base, path)).toBe(joined);
  });

  test("a parameter that the address has with the same value is left out, with another it is sent twice", () => {
    const { url } = outgoing({
      method: "GET",
      url: "https://x.io/a?page=2&size=10&empty=",
      params: { page: "2", size: "20", empty: "" },
      headers: {},
      data: {},
      json: {},
    });
    expect(url).toBe("https://x.io/a?page=2&size=10&empty=&size=20&empty=");
  });

  test("an object is no parameter", () => {
    expect(() => encodePairs({ a: { b: 1 } })).toThrow(/parameter a is an object/);
  });
});
