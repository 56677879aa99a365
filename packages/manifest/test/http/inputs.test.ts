import type { JsonObject, JsonValue } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { flatInputs, nestedInputs } from "../../src/http/inputs.ts";
import { mergeOptions } from "../../src/http/merge.ts";
import { requestVariables } from "../../src/http/variables.ts";
import { call, scene } from "../components/scene.ts";

const { scope } = scene();
const variables = {
  config: { option: "OPTION", list: ["a", "b"] },
  ...requestVariables(
    call({
      slice: { partition: { id: 7 }, cursor: { start_date: "2020-01-01" }, extra: { more: "m" } },
      nextPageToken: { offset: 12345 },
    }),
  ),
};

const COMMON: readonly (readonly [JsonObject, JsonObject])[] = [
  [{ a: "static" }, { a: "static" }],
  [{ a: "{{ stream_interval['start_date'] }}" }, { a: "2020-01-01" }],
  [{ a: "{{ stream_slice.cursor_slice.start_date }}" }, { a: "2020-01-01" }],
  [{ a: "{{ config['option'] }} {{ more }}" }, { a: "OPTION m" }],
  [
    { "{{ stream_slice.start_date }} - {{ next_page_token['offset'] }}": "ABC" },
    { "2020-01-01 - 12345": "ABC" },
  ],
  [{ empty: "{{ '' }}", missing: "{{ config['missing'].deep }}", none: null }, {}],
];

describe("inputs of a request", () => {
  test.each<readonly [JsonObject, JsonObject]>([
    ...COMMON,
    [
      { n: "{{ next_page_token['offset'] }}", f: "{{ 0.0 }}", b: "{{ False }}", none: "{{ None }}" },
      { n: "12345", f: "0.0", b: "False", none: "None" },
    ],
    [
      { l: "{{ config.list }}", d: "{{ {'x': 1} }}" },
      { l: ["a", "b"], d: "{'x': 1}" },
    ],
  ])("parameters and forms: %j", (input, expected) => {
    expect(flatInputs(input, scope, ["str", "list"])(variables)).toEqual(expected);
  });

  test.each<readonly [JsonValue, JsonValue | undefined]>([
    ...COMMON,
    [
      { n: "{{ next_page_token['offset'] }}", zero: "{{ 0 }}", b: "{{ False }}", none: "{{ None }}" },
      { n: 12345, zero: 0, b: false },
    ],
    [
      { "{{ stream_slice.id }}": 123, list: ["{{ None }}", { x: "{{ None }}" }] },
      { "7": 123, list: [null, {}] },
    ],
    ['{"nested": { "key": "{{ config[\'option\'] }}" }}', { nested: { key: "OPTION" } }],
    [{ query: "query { {{ config['option'] }} }" }, { query: "query { OPTION }" }],
    ["", undefined],
  ])("JSON bodies: %j", (input, expected) => {
    expect(nestedInputs(input, scope)(variables)).toEqual(expected);
  });

  test("one template gives a text, or a map", () => {
    expect(flatInputs("SELECT {{ stream_slice.id }}", scope)(variables)).toBe("SELECT 7");
    expect(flatInputs("{{ {'a': 1, 'b': None} }}", scope)(variables)).toEqual({ a: 1 });
  });
});

test("maps without a prototype are maps", () => {
  const bare = Object.assign(Object.create(null) as object, { a: "1" }) as JsonObject;
  expect(mergeOptions([bare, { b: "2" }])).toEqual({ a: "1", b: "2" });
  expect(
    mergeOptions(
      [{ q: { x: 1 } }, { q: Object.assign(Object.create(null) as object, { y: 2 }) as JsonObject }],
      true,
    ),
  ).toEqual({ q: { x: 1, y: 2 } });
});
