import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { dpath } from "../../records/dpath.ts";
import { isGlob } from "../../records/glob.ts";
import { changeable, everything, type Found, removeFound } from "../../records/members.ts";
import type { Transformation } from "./contract.ts";

export const removeFields = defineComponent({
  kind: "transformation",
  type: "RemoveFields",
  doc: "Removes fields from each record. An item within a list becomes null, the last one goes.",
  fields: Type.Object({
    field_pointers: Type.Array(Type.Array(Type.Unknown()), {
      description: "Paths of the fields; * stands for one part, ** for any number of them.",
    }),
    condition: Type.Optional(
      templateText(
        "Sees each plain value of the record, at any depth, as property; those for which it holds are removed whatever the paths say.",
        { default: "" },
      ),
    ),
  }),
  build: (node, scope) => {
    const pointers = node.field_pointers as readonly (readonly JsonValue[])[];
    const parameters = node.$parameters ?? {};
    const condition = node.condition === undefined || node.condition === "" ? null : node.condition;
    if (condition === null) return together(pointers.map(removalOf));
    const template = scope.template(condition);
    const isMatch = ({ value }: Found): boolean =>
      !Array.isArray(value) &&
      !isObject(value) &&
      template.test({ config: scope.config, parameters, property: value });
    return together(pointers.map(() => (record) => removeFound(record, everything(record).filter(isMatch))));
  },
});

type Removal = (record: JsonObject) => void;

function together(removals: readonly Removal[]): Transformation {
  return {
    apply: (record) => {
      for (const remove of removals) remove(record);
      return record;
    },
  };
}

function removalOf(parts: readonly JsonValue[]): Removal {
  const [key] = parts;
  if (parts.length === 1 && typeof key === "string" && !isGlob(key))
    return (record) => {
      if (Object.hasOwn(record, key)) delete changeable(record)[key];
    };
  const path = dpath(parts);
  return (record) => removeFound(record, path.found(record));
}
