import { Type } from "@weir/kit";
import { defineComponent, type Node, slot } from "../../component.ts";
import { gunzipped } from "../../http/gunzip.ts";
import type { Decoder } from "./contract.ts";

export const gzipDecoder = defineComponent({
  kind: "decoder",
  type: "GzipDecoder",
  doc: "Unpacks a body that is a gzip file and reads what is inside with another decoder; a body that is none is read as it is.",
  fields: Type.Object({ decoder: slot("decoder", { description: "Reads what is inside." }) }),
  build: (node, scope) => {
    const inner = scope.build("decoder", node.decoder as Node);
    const decoder: Decoder = {
      isStreamed: true,
      decode: (body, headers) => inner.decode(gunzipped(body), headers),
    };
    return decoder;
  },
});
