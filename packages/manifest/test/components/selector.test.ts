import { ExactNumber, type JsonObject, type JsonValue } from "@weir/protocol";
import { expect, test } from "vitest";
import type { StreamFacts } from "../../src/components/retriever/contract.ts";
import { page, SLICE, testScope } from "../scope.ts";

const EXTRACTOR = { type: "DpathExtractor", field_path: [] };
const ADD = { type: "AddFields", fields: [{ path: ["late"], value: "1" }] };

async function selected(
  node: JsonObject,
  facts: Partial<StreamFacts>,
  body: JsonValue,
): Promise<JsonValue[]> {
  const selector = testScope().build("selector", {
    type: "RecordSelector",
    extractor: EXTRACTOR,
    ...node,
    $stream: facts as unknown as JsonValue,
  });
  const records: JsonValue[] = [];
  const request = { response: page(body), slice: SLICE, nextPageToken: null };
  for await (const portion of selector.select(request)) records.push(...portion.records);
  return records;
}

test.each([
  [{}, false, []],
  [{ transform_before_filtering: true }, false, [{ id: 1, late: 1 }]],
  [{}, true, [{ id: 1, late: 1 }]],
  [{ transform_before_filtering: false }, true, []],
])("filter and transformations with %j, client side %s", async (node, isClientSide, expected) => {
  const record_filter = { type: "RecordFilter", condition: "{{ record.late is defined }}" };
  const facts = { transformations: [ADD], isClientSide };
  expect(await selected({ ...node, record_filter }, facts, [{ id: 1 }])).toEqual(expected);
});

test("what is no object is no record", async () => {
  await expect(selected({}, { name: "s" }, ["text"])).rejects.toMatchObject({
    failure: { code: "manifest.record", stream: "s" },
  });
});

const SCHEMA: JsonObject = {
  properties: {
    text: { type: ["null", "string"] },
    number: { type: "number" },
    integer: { type: ["null", "integer"] },
    boolean: { type: "boolean" },
    list: { type: "array", items: { type: "string" } },
    two: { type: ["string", "number"] },
    nested: { type: "object", properties: { n: { type: "integer" } } },
  },
};

test.each<[JsonObject, JsonObject]>([
  [{ text: 12 }, { text: "12" }],
  [{ text: null }, { text: null }],
  [{ text: { a: [1, true, null] } }, { text: "{'a': [1, True, None]}" }],
  [{ number: "1.5" }, { number: 1.5 }],
  [{ number: "x" }, { number: "x" }],
  [{ integer: "12" }, { integer: 12 }],
  [{ integer: "9007199254740993" }, { integer: 9007199254740993n }],
  [{ integer: 1.9 }, { integer: 1 }],
  [{ boolean: "Yes" }, { boolean: true }],
  [{ boolean: "off" }, { boolean: false }],
  [{ boolean: "maybe" }, { boolean: "maybe" }],
  [{ boolean: false }, { boolean: false }],
  [{ boolean: true }, { boolean: true }],
  [{ boolean: 0 }, { boolean: false }],
  [{ boolean: [] }, { boolean: false }],
  [{ boolean: new ExactNumber("0.0") }, { boolean: false }],
  [{ integer: new ExactNumber("1e400") }, { integer: new ExactNumber("1e400") }],
  [{ list: [1, "b"] }, { list: ["1", "b"] }],
  [{ list: 10 }, { list: ["10"] }],
  [{ list: { a: 1 } }, { list: { a: 1 } }],
  [{ two: 1 }, { two: 1 }],
  [{ nested: { n: "3", m: "4" } }, { nested: { n: 3, m: "4" } }],
])("schema_normalization casts %o", async (record, expected) => {
  const facts = { schema: () => Promise.resolve(SCHEMA) };
  expect(await selected({ schema_normalization: "Default" }, facts, record)).toEqual([expected]);
  expect(await selected({}, facts, record)).toEqual([record]);
});
