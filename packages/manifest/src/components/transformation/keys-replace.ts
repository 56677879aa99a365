import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { replaceMembers } from "../../records/members.ts";
import { sliceOf } from "../../records/slice-of.ts";
import type { Transformation } from "./contract.ts";

export const keysReplace = defineComponent({
  kind: "transformation",
  type: "KeysReplace",
  doc: "Replaces a text in the names of fields, those of nested objects too; lists are left as they are.",
  fields: Type.Object({
    old: templateText("What is replaced."),
    new: templateText("What stands there instead."),
  }),
  build: (node, scope) => {
    const old = scope.template(node.old);
    const replacement = scope.template(node.new);
    const { config } = scope;
    const parameters = node.$parameters ?? {};
    const transformation: Transformation = {
      apply: (record, slice) => {
        const variables = { config, parameters, record, stream_slice: sliceOf(slice) };
        const from = textOf(old.evaluate(variables));
        const to = textOf(replacement.evaluate(variables));
        replaceMembers(record, renamed(record, from, to));
        return record;
      },
    };
    return transformation;
  },
});

function renamed(object: JsonObject, from: string, to: string): readonly (readonly [string, JsonValue])[] {
  return Object.entries(object).map(([key, value]) => [
    key.replaceAll(from, () => to),
    isObject(value) ? Object.fromEntries(new Map(renamed(value, from, to))) : (value ?? null),
  ]);
}
