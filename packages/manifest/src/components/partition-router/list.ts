import type { JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import { Type } from "@weir/kit";
import { defineComponent, templateText } from "../../component.ts";
import { injected, requestOption, sendable } from "../../stream/request-option.ts";
import { constantText, constantValue } from "../../stream/text.ts";

export const listPartitionRouter = defineComponent({
  kind: "partition-router",
  type: "ListPartitionRouter",
  doc: "One partition for each value of a list, given in the manifest or taken from the configuration.",
  fields: Type.Object({
    values: Type.Union([Type.Array(Type.Unknown()), Type.String()], {
      description: "The values, or a template that gives them.",
      "x-template": true,
    }),
    cursor_field: templateText("The name under which a partition holds its value."),
    request_option: Type.Optional(
      Type.Unknown({ description: "Where requests carry the value; values that are empty are not sent." }),
    ),
  }),
  build: (node, scope) => {
    const field = constantText(node.cursor_field, node, scope);
    const option = requestOption(node.request_option, node, scope);
    const values = (): readonly JsonValue[] => {
      const given = node.values as JsonValue;
      return listOf(typeof given === "string" ? constantValue(given, node, scope) : given, field);
    };
    return {
      isGrouping: false,
      hasOptions: option !== null,
      open: () => ({
        async *partitions() {
          for (const value of values()) yield { partition: { [field]: value }, cursor: {}, extra: {} };
        },
        parents: () => null,
      }),
      additions: ({ partition }) => injected([[option, sendable(partition[field])]]),
    };
  },
});

/** What a loop over the value would see: a text's characters, an object's keys. */
function listOf(value: JsonValue | undefined, field: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  if (typeof value === "string") return Array.from(value);
  if (isObject(value)) return Object.keys(value);
  throw new WeirError({
    code: "manifest.partitions",
    message: `The values of the partitions ${field} are no list.`,
    next: "Give values as a list, or a template whose result is one.",
    recovery: "ask",
    origin: "source",
    path: "values",
  });
}
