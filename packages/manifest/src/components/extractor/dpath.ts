import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { valuesAt } from "../../stream/glob-path.ts";
import { constantValue } from "../../stream/text.ts";

export const dpathExtractor = defineComponent({
  kind: "extractor",
  type: "DpathExtractor",
  doc: "Takes the records from one place of the body: a list gives each of its items, anything else itself.",
  fields: Type.Object({
    field_path: Type.Array(Type.Unknown(), {
      description: "The path to the records; empty: the body itself. `*` stands for every key or item.",
      "x-template": true,
    }),
  }),
  build: (node, scope) => {
    const path = node.field_path.map((part) => textOf(constantValue(textOf(part as JsonValue), node, scope)));
    const hasGlob = path.includes("*");
    return {
      async *extract(response) {
        for await (const body of response.decoded()) {
          const found = path.length === 0 ? [body] : valuesAt(body, path);
          // Without a glob the one value stands for itself: a list in it is the list of records.
          const value: JsonValue = hasGlob ? found : (found[0] ?? []);
          if (Array.isArray(value)) yield* value as readonly JsonValue[];
          else if (!isEmpty(value)) yield value;
        }
      },
    };
  },
});

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === false || value === "" || value === 0) return true;
  return isObject(value) && Object.keys(value).length === 0;
}
