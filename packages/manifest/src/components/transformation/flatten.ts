import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { replaceMembers } from "../../records/members.ts";
import type { Transformation } from "./contract.ts";

export const flattenFields = defineComponent({
  kind: "transformation",
  type: "FlattenFields",
  doc: "Lifts all nested values to the record itself; a name that is taken, and every name once a list was met, has its parent's before it.",
  fields: Type.Object({
    flatten_lists: Type.Optional(
      Type.Boolean({ description: "Whether items of lists become fields too.", default: true }),
    ),
  }),
  build: (node) => {
    const flattensLists = node.flatten_lists ?? true;
    const transformation: Transformation = {
      apply: (record) => {
        replaceMembers(record, flattened(record, flattensLists));
        return record;
      },
    };
    return transformation;
  },
});

function flattened(record: JsonObject, flattensLists: boolean): ReadonlyMap<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  const waiting: [value: JsonValue, name: string][] = [[record, "_"]];
  let isUnderList = false;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, name] = next;
    if (isObject(value))
      for (const [key, member] of Object.entries(value))
        waiting.push([member ?? null, fields.has(key) || isUnderList ? `${name}.${key}` : key]);
    else if (Array.isArray(value) && flattensLists)
      for (const [index, item] of (value as readonly JsonValue[]).entries()) {
        isUnderList = true;
        waiting.push([item, `${name}.${index}`]);
      }
    else fields.set(name, value);
  }
  return fields;
}
