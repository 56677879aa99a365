import { Type } from "@weir/kit";
import { defineComponent, templateText } from "../../component.ts";
import { sliceOf } from "../../records/slice-of.ts";
import type { RecordFilter } from "./contract.ts";

export const recordFilter = defineComponent({
  kind: "filter",
  type: "RecordFilter",
  doc: "Keeps the records for which its condition holds.",
  fields: Type.Object({
    condition: Type.Optional(
      templateText("Sees config, parameters, record, stream_slice and next_page_token.", { default: "" }),
    ),
  }),
  build: (node, scope) => {
    const condition = scope.template(node.condition ?? "");
    const parameters = node.$parameters ?? {};
    const { config } = scope;
    const filter: RecordFilter = {
      keeps: (record, slice, nextPageToken) =>
        condition.test({
          config,
          parameters,
          record,
          stream_slice: sliceOf(slice),
          next_page_token: nextPageToken,
        }),
    };
    return filter;
  },
});
