import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { changeable, setMember } from "../../records/members.ts";
import type { Transformation } from "./contract.ts";

export const keysToLower = defineComponent({
  kind: "transformation",
  type: "KeysToLower",
  doc: "Writes the names of each record's own fields in lower case.",
  fields: Type.Object({}),
  build: () => {
    const transformation: Transformation = {
      apply: (record) => {
        for (const key of Object.keys(record)) {
          const value = record[key];
          delete changeable(record)[key];
          setMember(record, key.toLowerCase(), value);
        }
        return record;
      },
    };
    return transformation;
  },
});
