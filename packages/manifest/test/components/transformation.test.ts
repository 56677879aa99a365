import type { JsonObject, JsonValue } from "@weir/protocol";
import { expect, test } from "vitest";
import { SLICE, testScope } from "../scope.ts";

function changed(node: JsonObject, record: JsonObject): JsonObject {
  const scope = testScope({ shop: "s1" });
  return scope
    .build("transformation", { type: "", ...node })
    .apply(record, { ...SLICE, partition: { id: 7 }, extra: { name: "x" } });
}

const field = (path: string[], value: string, more: JsonObject = {}): JsonObject => ({
  path,
  value,
  ...more,
});

test.each<[string, JsonObject[], JsonObject, JsonObject]>([
  ["a constant", [field(["k"], "v")], { a: 1 }, { a: 1, k: "v" }],
  ["a number's text", [field(["k"], "12")], {}, { k: 12 }],
  ["a number's text as text", [field(["k"], "12", { value_type: "string" })], {}, { k: "12" }],
  ["a value of the configuration", [field(["k"], "{{ config['shop'] }}")], {}, { k: "s1" }],
  ["a value of the slice", [field(["k"], "{{ stream_slice['id'] }}")], {}, { k: 7 }],
  ["an extra field", [field(["k"], "{{ stream_slice.extra_fields['name'] }}")], {}, { k: "x" }],
  [
    "what a field before it set",
    [field(["a"], "1"), field(["b"], "{{ record['a'] + 1 }}")],
    {},
    { a: 1, b: 2 },
  ],
  ["objects on the way", [field(["a", "b"], "v")], {}, { a: { b: "v" } }],
  ["a list on the way", [field(["a", "1"], "v")], {}, { a: [null, "v"] }],
  ["an item", [field(["a", "0"], "v")], { a: [1, 2] }, { a: ["v", 2] }],
  [
    "a member called __proto__",
    [field(["__proto__"], "v")],
    {},
    JSON.parse('{"__proto__":"v"}') as JsonObject,
  ],
])("AddFields sets %s", (_name, fields, record, expected) => {
  const result = changed({ type: "AddFields", fields }, record);
  expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
});

test("AddFields leaves the field where its condition fails", () => {
  const fields = [field(["k"], "{{ record['a'] }}")];
  const node = { type: "AddFields", fields, condition: "{{ value > 1 }}" };
  expect(changed(node, { a: 1 })).toEqual({ a: 1 });
  expect(changed(node, { a: 2 })).toEqual({ a: 2, k: 2 });
});

test("AddFields gives each record a list of its own", () => {
  const scope = testScope();
  const add = scope.build("transformation", { type: "AddFields", fields: [field(["k"], "[1]")] });
  const [one, other] = [add.apply({}, SLICE), add.apply({}, SLICE)];
  expect(one["k"]).toEqual([1]);
  expect(one["k"]).not.toBe(other["k"]);
});

test("AddFields fails where the way leads through a text", () => {
  expect(() => changed({ type: "AddFields", fields: [field(["a", "b"], "v")] }, { a: "text" })).toThrow(
    /neither object nor list/,
  );
});

test.each<[string, JsonValue[][], string, JsonObject, JsonObject]>([
  ["a field", [["k1"]], "", { k1: 1, k2: 2 }, { k2: 2 }],
  ["no field", [["k3"]], "", { k1: 1 }, { k1: 1 }],
  ["an item", [["k", 0]], "", { k: [1, 2] }, { k: [null, 2] }],
  ["an item by text", [["k", "0"]], "", { k: [1, 2] }, { k: [null, 2] }],
  ["a field of an item", [["k", 0, "a"]], "", { k: [{ a: 1, b: 2 }] }, { k: [{ b: 2 }] }],
  ["fields under a star", [["k", "*", "a"]], "", { k: [{ a: 1 }, { a: 2, b: 3 }] }, { k: [{}, { b: 3 }] }],
  ["fields by a pattern", [["_*"]], "", { _a: 1, b: 2 }, { b: 2 }],
  [
    "values for which the condition holds",
    [["**"]],
    "{{ property == 'v1' }}",
    { a: "v", b: "v1", c: { d: "v1", e: "v2" } },
    { a: "v", c: { e: "v2" } },
  ],
])("RemoveFields removes %s", (_name, field_pointers, condition, record, expected) => {
  expect(changed({ type: "RemoveFields", field_pointers, condition }, record)).toEqual(expected);
});

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ["KeysToLower", {}, { Ab: 1, c: { D: 2 } }, { ab: 1, c: { D: 2 } }],
  ["KeysReplace", { old: " ", new: "_" }, { "a b": 1, c: { "d e": 2 } }, { a_b: 1, c: { d_e: 2 } }],
  ["FlattenFields", {}, { a: { b: 1 }, l: [5] }, { "l.0": 5, "a.b": 1 }],
  ["FlattenFields", { flatten_lists: false }, { a: { b: 1 }, l: [5] }, { b: 1, l: [5] }],
  ["DpathFlattenFields", { field_path: ["a"] }, { a: { b: 1 }, c: 2 }, { a: { b: 1 }, b: 1, c: 2 }],
  ["DpathFlattenFields", { field_path: ["a"], delete_origin_value: true }, { a: { b: 1 } }, { b: 1 }],
  ["DpathFlattenFields", { field_path: ["a"], replace_record: true }, { a: { b: 1 }, c: 2 }, { b: 1 }],
  ["DpathFlattenFields", { field_path: ["a"] }, { a: { c: 1, d: 2 }, c: 2 }, { a: { c: 1, d: 2 }, c: 2 }],
  [
    "DpathFlattenFields",
    { field_path: ["a"], delete_origin_value: true, key_transformation: { prefix: "p_", suffix: "_s" } },
    { a: { b: 1 } },
    { p_b_s: 1 },
  ],
])("%s with %j", (type, fields, record, expected) => {
  expect(changed({ type, ...fields }, record)).toEqual(expected);
});
