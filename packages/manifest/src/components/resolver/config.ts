import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { atPath } from "../../stream/at-path.ts";
import { mapped, mappingOf } from "../../stream/component-mapping.ts";
import { constantValue } from "../../stream/text.ts";

export const configComponentsResolver = defineComponent({
  kind: "resolver",
  type: "ConfigComponentsResolver",
  doc: "One stream for each item of a list in the configuration; of several lists, for each combination.",
  fields: Type.Object({
    stream_config: Type.Unknown({
      description: "Where the list is: configs_pointer and default_values, or a list of such.",
    }),
    components_mapping: Type.Array(Type.Unknown(), {
      description:
        "What of an item goes where in the template: field_path, value, value_type, condition and create_or_update.",
    }),
  }),
  build: (node, scope) => {
    const mappings = (node.components_mapping as readonly Node[]).map((each) =>
      mappingOf(each, node, scope, { isYaml: true }),
    );
    const configs = (Array.isArray(node.stream_config) ? node.stream_config : [node.stream_config]) as Node[];
    return {
      async *resolve(template) {
        const lists = configs.map((config) => itemsOf(config, node, scope));
        for (const values of combinations(lists)) {
          yield mapped(template, mappings, {
            components_values: values,
            stream_template_config: template,
          });
        }
      },
    };
  },
});

function itemsOf(config: Node, owner: Node, scope: Scope): readonly JsonValue[] {
  const within: Node = { ...config, $parameters: config.$parameters ?? owner.$parameters ?? {} };
  const pointer = (config["configs_pointer"] ?? []) as readonly JsonValue[];
  const path = pointer.map((part) => textOf(constantValue(textOf(part), within, scope)));
  const found = atPath(scope.config, path) ?? [];
  const defaults = (config["default_values"] ?? []) as readonly JsonValue[];
  return [...(Array.isArray(found) ? (found as readonly JsonValue[]) : [found]), ...defaults];
}

function* combinations(
  lists: readonly (readonly JsonValue[])[],
  chosen: readonly (readonly [number, JsonValue])[] = [],
): Generator<JsonObject> {
  const [first, ...rest] = lists;
  if (first === undefined) yield combined(chosen);
  else for (const [at, item] of first.entries()) yield* combinations(rest, [...chosen, [at, item]]);
}

/** Objects are merged; what is none gets a name, together with its place in its list. */
function combined(chosen: readonly (readonly [number, JsonValue])[]): JsonObject {
  const values = new Map<string, JsonValue | undefined>();
  for (const [list, [at, item]] of chosen.entries()) {
    if (isObject(item)) for (const [key, member] of Object.entries(item)) values.set(key, member);
    else if (!values.has(`source_config_${list}`)) values.set(`source_config_${list}`, [at, item]);
  }
  return Object.fromEntries(values);
}
