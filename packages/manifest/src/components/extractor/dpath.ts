import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { dpath } from "../../records/dpath.ts";
import { recordExpander } from "../../records/expander.ts";
import { pathParts } from "../../records/path-templates.ts";
import { isFalsy } from "../../records/truth.ts";
import type { Extractor } from "./contract.ts";

export const dpathExtractor = defineComponent({
  kind: "extractor",
  type: "DpathExtractor",
  doc: "Takes the records from under a path of the body: the members of a list, or the one value there.",
  fields: Type.Object({
    field_path: Type.Array(Type.Unknown(), {
      description: "The path; * stands for every key or position, an empty path for the whole body.",
      "x-template": true,
    }),
    record_expander: Type.Optional(
      Type.Unknown({
        description:
          "RecordExpander: makes records of the members of a list within each record (expand_records_from_field, remain_original_record, on_no_records).",
      }),
    ),
  }),
  build: (node, scope) => {
    const parts = pathParts(node.field_path, node, scope);
    const path = parts.length === 0 ? null : dpath(parts);
    const expand = recordExpander(node.record_expander, node, scope);
    const extractor: Extractor = {
      async *extract(response) {
        for await (const body of response.decoded()) {
          const value = path === null ? body : path.isWild ? path.values(body) : path.get(body);
          const records = recordsIn(value);
          if (records.length > 0)
            yield expand === null ? records : records.flatMap((each) => [...expand(each)]);
        }
      },
    };
    return extractor;
  },
});

function recordsIn(value: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  return value === undefined || isFalsy(value) ? [] : [value];
}
