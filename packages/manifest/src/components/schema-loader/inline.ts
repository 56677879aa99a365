import { Type } from "@weir/kit";
import { isObject, type JsonObject } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import type { SchemaLoader } from "./contract.ts";

export const inlineSchemaLoader = defineComponent({
  kind: "schema-loader",
  type: "InlineSchemaLoader",
  doc: "The schema as it stands in the manifest.",
  fields: Type.Object({
    schema: Type.Optional(Type.Unknown({ description: "A JSON schema; it reaches the catalog unchanged." })),
  }),
  build: (node) => {
    const given: unknown = node.schema;
    const schema: JsonObject = isObject(given) ? given : {};
    const loader: SchemaLoader = { schema: () => Promise.resolve(schema) };
    return loader;
  },
});
