import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Node } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { mapped, mappingOf } from "../../stream/component-mapping.ts";

export const parametrizedComponentsResolver = defineComponent({
  kind: "resolver",
  type: "ParametrizedComponentsResolver",
  doc: "One stream for each item of a list in the manifest.",
  fields: Type.Object({
    stream_parameters: Type.Unknown({
      description: "A StreamParametersDefinition: list_of_parameters_for_stream, an object for each stream.",
    }),
    components_mapping: Type.Array(Type.Unknown(), {
      description:
        "What of an item goes where in the template: field_path, value, value_type and create_or_update.",
    }),
  }),
  build: (node, scope) => {
    const mappings = (node.components_mapping as readonly Node[]).map((each) =>
      mappingOf(each, node, scope, { isYaml: true }),
    );
    const { list_of_parameters_for_stream: items } = node.stream_parameters as JsonObject;
    return {
      async *resolve(template) {
        for (const values of (items ?? []) as readonly JsonValue[]) {
          yield mapped(template, mappings, {
            components_values: isObject(values) ? values : {},
            stream_template_config: template,
          });
        }
      },
    };
  },
});
