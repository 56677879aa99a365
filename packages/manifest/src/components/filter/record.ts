import { Type } from "@weir/kit";
import { defineComponent, templateText } from "../../component.ts";
import { sliceVariables } from "../../stream/slice-variables.ts";
import { constants } from "../../stream/text.ts";

export const recordFilter = defineComponent({
  kind: "filter",
  type: "RecordFilter",
  doc: "Keeps the records for which a condition holds.",
  fields: Type.Object({
    condition: Type.Optional(templateText("Sees record, config, stream_slice and next_page_token.")),
  }),
  build: (node, scope) => {
    const condition = scope.template(node.condition ?? "");
    const fixed = constants(node, scope);
    return {
      keeps: (record, slice, next_page_token) =>
        condition.test({ ...fixed, ...sliceVariables(slice), record, next_page_token }),
    };
  },
});
