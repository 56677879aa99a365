import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { defineComponent, type Node } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { dpath } from "../../records/dpath.ts";
import { removeFound, replaceMembers, setMember } from "../../records/members.ts";
import { pathParts } from "../../records/path-templates.ts";
import { constantValue } from "../../stream/text.ts";
import type { Transformation } from "./contract.ts";

export const dpathFlattenFields = defineComponent({
  kind: "transformation",
  type: "DpathFlattenFields",
  doc: "Lifts the fields of one nested object to the record. Where one of them is already a field of the record, nothing happens.",
  fields: Type.Object({
    field_path: Type.Array(Type.Unknown(), { description: "Where the object is.", "x-template": true }),
    delete_origin_value: Type.Optional(
      Type.Boolean({ description: "Whether the nested object goes.", default: false }),
    ),
    replace_record: Type.Optional(
      Type.Boolean({ description: "Whether all other fields go.", default: false }),
    ),
    key_transformation: Type.Optional(
      Type.Unknown({ description: "KeyTransformation: prefix and suffix of the new fields' names." }),
    ),
  }),
  build: (node, scope) => {
    const path = dpath(pathParts(node.field_path, node, scope));
    const keys: JsonObject = isObject(node.key_transformation) ? node.key_transformation : {};
    const affix = (text: JsonValue | undefined): string => {
      if (typeof text !== "string") return "";
      const within: Node = { type: "KeyTransformation", $parameters: node.$parameters ?? {} };
      return textOf(constantValue(text, within, scope));
    };
    const prefix = affix(keys["prefix"]);
    const suffix = affix(keys["suffix"]);
    const transformation: Transformation = {
      apply: (record) => {
        const found = path.isWild ? path.values(record)[0] : path.get(record);
        if (!isObject(found)) return record;
        const fields = Object.entries(found).map(([key, value]) => [prefix + key + suffix, value] as const);
        if (node.replace_record === true && fields.length > 0) replaceMembers(record, fields);
        else if (!fields.some(([key]) => Object.hasOwn(record, key))) {
          if (node.delete_origin_value === true) removeFound(record, path.found(record));
          for (const [key, value] of fields) setMember(record, key, value);
        }
        return record;
      },
    };
    return transformation;
  },
});
