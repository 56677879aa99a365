import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node, slot } from "../../component.ts";
import { type Normalise, normaliser } from "../../records/normalise.ts";
import type { StreamFacts } from "../retriever/contract.ts";
import type { Selector } from "./contract.ts";

export const recordSelector = defineComponent({
  kind: "selector",
  type: "RecordSelector",
  doc: "Takes the records out of a response: extracts, filters, transforms, and casts to the schema's types where asked to.",
  fields: Type.Object({
    extractor: slot("extractor", { description: "Finds the records.", ifUntyped: "DpathExtractor" }),
    record_filter: Type.Optional(
      slot("filter", { description: "Which records stay.", ifUntyped: "RecordFilter" }),
    ),
    schema_normalization: Type.Optional(
      Type.Unknown({
        description: "Default: values take the types of the stream's schema. None: they stay as they came.",
        default: "None",
      }),
    ),
    transform_before_filtering: Type.Optional(
      Type.Boolean({
        description:
          "Whether the filter sees transformed records; true where the cursor filters on this side.",
      }),
    ),
  }),
  build: (node, scope) => {
    const facts = (node["$stream"] ?? {}) as unknown as Partial<StreamFacts>;
    const extractor = scope.build("extractor", node.extractor as Node);
    const filter = isObject(node.record_filter) ? scope.build("filter", node.record_filter as Node) : null;
    const transformations = (facts.transformations ?? []).map((each) => scope.build("transformation", each));
    const isTransformedFirst = node.transform_before_filtering ?? facts.isClientSide === true;
    const loadSchema =
      node.schema_normalization === "Default" && facts.schema !== undefined ? facts.schema : null;
    let normalise: Promise<Normalise> | null = null;
    const selector: Selector = {
      async *select({ response, slice, nextPageToken, isWanted }) {
        if (loadSchema !== null)
          normalise ??= loadSchema(scope.services.context.signal).then((schema) => normaliser(schema));
        const cast = normalise === null ? null : await normalise;
        for await (const found of extractor.extract(response)) {
          const records: JsonObject[] = [];
          for (const value of found) {
            let record = recordOf(value, facts.name);
            if (isTransformedFirst) for (const each of transformations) record = each.apply(record, slice);
            if (isWanted !== undefined && !isWanted(record)) continue;
            if (filter !== null && !filter.keeps(record, slice, nextPageToken)) continue;
            if (!isTransformedFirst) for (const each of transformations) record = each.apply(record, slice);
            if (cast !== null) cast(record);
            records.push(record);
          }
          yield { records, extracted: found.length };
        }
      },
    };
    return selector;
  },
});

function recordOf(value: JsonValue, stream = ""): JsonObject {
  if (isObject(value)) return value;
  throw new WeirError({
    code: "manifest.record",
    message: `A record of stream ${stream} is no object.`,
    next: "Let field_path of the stream's extractor lead to objects.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
