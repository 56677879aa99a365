import type { JsonObject, JsonValue } from "@weir/protocol";
import { expect, test } from "vitest";
import { page, testScope } from "../scope.ts";

const CASES: readonly [name: string, path: JsonValue[], body: JsonValue, records: JsonValue[]][] = [
  ["a list", ["data"], { data: [{ id: 1 }, { id: 2 }] }, [{ id: 1 }, { id: 2 }]],
  ["one object", ["data"], { data: { id: 1 } }, [{ id: 1 }]],
  ["the whole body", [], { id: 1 }, [{ id: 1 }]],
  ["a list as the body", [], [{ id: 1 }, { id: 2 }], [{ id: 1 }, { id: 2 }]],
  ["a nested field", ["a", "b"], { a: { b: [{ id: 1 }] } }, [{ id: 1 }]],
  ["a field named by the configuration", ["{{ config['field'] }}"], { items: [{ id: 1 }] }, [{ id: 1 }]],
  ["a field that is not there", ["record"], { id: 1 }, []],
  ["a field of the prototype", ["constructor"], { id: 1 }, []],
  ["null", ["data"], { data: null }, []],
  ["an empty object", ["data"], { data: {} }, []],
  ["a star over a list", ["list", "*", "item"], { list: [{ item: { id: "1" } }] }, [{ id: "1" }]],
  [
    "two stars",
    ["data", "*", "list", "*"],
    { data: [{ list: [{ id: 1 }, { id: 2 }] }, { list: [{ id: 3 }] }] },
    [{ id: 1 }, { id: 2 }, { id: 3 }],
  ],
  ["a star over an object", ["data", "*"], { data: { a: { id: 1 }, b: { id: 2 } } }, [{ id: 1 }, { id: 2 }]],
  ["a pattern that fits one field", ["da?a"], { data: [{ id: 1 }], date: [] }, [{ id: 1 }]],
  ["a set of characters", ["[a-c]x"], { bx: [{ id: 1 }], dx: [{ id: 2 }] }, [{ id: 1 }]],
  ["a position", ["data", "1"], { data: [{ id: 1 }, { id: 2 }] }, [{ id: 2 }]],
  ["a position from the end", ["data", -1], { data: [{ id: 1 }, { id: 2 }] }, [{ id: 2 }]],
  ["a number is no key", ["0"], { "0": [{ id: 1 }] }, []],
];

async function extracted(fields: JsonObject, body: JsonValue, config: JsonObject = {}): Promise<JsonValue[]> {
  const extractor = testScope(config).build("extractor", { type: "DpathExtractor", ...fields });
  const records: JsonValue[] = [];
  for await (const some of extractor.extract(page(body))) records.push(...some);
  return records;
}

test.each(CASES)("DpathExtractor takes records from %s", async (_name, path, body, records) => {
  expect(await extracted({ field_path: path }, body, { field: "items" })).toEqual(records);
});

test("a pattern without * that fits two fields fails", async () => {
  await expect(extracted({ field_path: ["da*a"] }, { data: [], daa: [] })).rejects.toMatchObject({
    failure: { code: "manifest.path" },
  });
});

test.each([
  ["items", {}, [{ id: 1 }, 2]],
  [
    "items with their parent",
    { remain_original_record: true },
    [
      { id: 1, original_record: { lines: [{ id: 1 }, 2] } },
      { value: 2, original_record: { lines: [{ id: 1 }, 2] } },
    ],
  ],
])("RecordExpander makes records of %s", async (_name, options, records) => {
  const record_expander = { type: "RecordExpander", expand_records_from_field: ["lines"], ...options };
  expect(
    await extracted({ field_path: ["data"], record_expander }, { data: { lines: [{ id: 1 }, 2] } }),
  ).toEqual(records);
});

test("RecordExpander leaves a record without items out, or emits it", async () => {
  const record_expander = { type: "RecordExpander", expand_records_from_field: ["lines"] };
  const body = { data: [{ id: 1 }] };
  expect(await extracted({ field_path: ["data"], record_expander }, body)).toEqual([]);
  const kept = { ...record_expander, on_no_records: "emit_parent" };
  expect(await extracted({ field_path: ["data"], record_expander: kept }, body)).toEqual([{ id: 1 }]);
});
