import { Type } from "@weir/kit";
import { WeirError } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import type { SchemaLoader } from "./contract.ts";

export const jsonFileSchemaLoader = defineComponent({
  kind: "schema-loader",
  type: "JsonFileSchemaLoader",
  doc: "The schema from a file beside the connector's Python package. A manifest by itself has no such files: it fails and says so.",
  fields: Type.Object({
    file_path: Type.Optional(templateText("The file.")),
  }),
  build: () => {
    const loader: SchemaLoader = {
      schema: () =>
        Promise.reject(
          new WeirError({
            code: "manifest.schema_file",
            message: "The stream's schema is in a file, which a manifest by itself does not have.",
            next: "Put the schema into the manifest, with an InlineSchemaLoader.",
            recovery: "ask",
            origin: "source",
          }),
        ),
    };
    return loader;
  },
});
