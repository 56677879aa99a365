import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Node } from "../../component.ts";
import { defineComponent, slot } from "../../component.ts";
import type { StreamFacts } from "../retriever/contract.ts";
import type { SelectRequest } from "./contract.ts";

/** Records handed on at a time. */
const PORTION = 1000;

export const recordSelector = defineComponent({
  kind: "selector",
  type: "RecordSelector",
  doc: "Takes the records out of a page: extracts, filters and transforms them.",
  fields: Type.Object({
    extractor: slot("extractor", {
      description: "Finds the records in a body.",
      ifUntyped: "DpathExtractor",
    }),
    record_filter: Type.Optional(
      slot("filter", { description: "Which of them are kept.", ifUntyped: "RecordFilter" }),
    ),
    transform_before_filtering: Type.Optional(
      Type.Boolean({ description: "Whether the filter sees transformed records." }),
    ),
  }),
  build: (node, scope) => {
    const facts = (node as unknown as { readonly $stream?: StreamFacts }).$stream;
    const extractor = scope.build("extractor", node.extractor as Node);
    const filter = isObject(node.record_filter)
      ? scope.build("filter", node.record_filter as unknown as Node)
      : null;
    const transformations = (facts?.transformations ?? []).map((each) => scope.build("transformation", each));
    const isTransformedFirst = node.transform_before_filtering ?? facts?.isClientSide ?? false;
    const keeps = (record: JsonObject, { slice, nextPageToken, isWanted }: SelectRequest): boolean =>
      (filter === null || filter.keeps(record, slice, nextPageToken)) && isWanted?.(record) !== false;
    // The body is looked at again for the next page: what a transformation changes is a copy.
    const changed = (record: JsonObject, { slice }: SelectRequest): JsonObject =>
      transformations.reduce((made, each) => each.apply(made, slice), { ...record });
    return {
      async *select(request) {
        let records: JsonObject[] = [];
        let extracted = 0;
        for await (const found of extractor.extract(request.response)) {
          extracted += 1;
          if (!isObject(found)) continue;
          if (isTransformedFirst) {
            const record = transformations.length === 0 ? found : changed(found, request);
            if (keeps(record, request)) records.push(record);
          } else if (keeps(found, request)) {
            records.push(transformations.length === 0 ? found : changed(found, request));
          }
          if (records.length < PORTION) continue;
          yield { records, extracted };
          records = [];
          extracted = 0;
        }
        yield { records, extracted };
      },
    };
  },
});
