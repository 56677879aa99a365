import { Type } from "@weir/kit";
import type { Node } from "../../component.ts";
import { defineComponent, slot } from "../../component.ts";
import { sliceOf } from "../../records/slice-of.ts";
import { mapped, mappingOf } from "../../stream/component-mapping.ts";
import { WHOLE } from "../../stream/parts.ts";

export const httpComponentsResolver = defineComponent({
  kind: "resolver",
  type: "HttpComponentsResolver",
  doc: "One stream for each record that the API gives: every table of a base, every custom object.",
  fields: Type.Object({
    retriever: slot("retriever", { description: "Fetches the records; each fills the template once." }),
    components_mapping: Type.Array(Type.Unknown(), {
      description: "What of a record goes where in the template: field_path, value and value_type.",
    }),
  }),
  build: (node, scope) => {
    const mappings = (node.components_mapping as readonly Node[]).map((each) =>
      mappingOf(each, node, scope, { isYaml: false }),
    );
    const facts = {
      name: "__http_components_resolver",
      primaryKey: null,
      transformations: [],
      isClientSide: false,
      fileUploader: null,
    };
    return {
      async *resolve(template, signal) {
        const retrieverNode = node.retriever as Node;
        const retriever = scope.build("retriever", {
          ...retrieverNode,
          $stream: facts,
        });
        const routerNode = retrieverNode["partition_router"];
        const router = routerNode
          ? scope.build(
              "partition-router",
              (Array.isArray(routerNode)
                ? { type: "CartesianProductStreamSlicer", stream_slicers: routerNode }
                : routerNode) as unknown as Node,
            )
          : null;
        const slices = router?.open({ state: null }).partitions(signal) ?? [WHOLE];
        for await (const slice of slices) {
          const additions = router === null ? [] : [router.additions(slice)];
          for await (const record of retriever.read({ slice, additions }, signal)) {
            yield mapped(template, mappings, {
              components_values: record,
              stream_slice: sliceOf(slice),
              stream_template_config: template,
            });
          }
        }
      },
    };
  },
});
