import { Type } from "@weir/kit";
import { defineComponent, type Node, slot } from "../../component.ts";
import { readAll } from "../../http/page.ts";
import { unzipped } from "../../http/unzip.ts";
import type { Decoder } from "./contract.ts";

export const zipfileDecoder = defineComponent({
  kind: "decoder",
  type: "ZipfileDecoder",
  doc: "Unpacks a ZIP file and reads each file in it with another decoder.",
  fields: Type.Object({ decoder: slot("decoder", { description: "Reads each file." }) }),
  build: (node, scope) => {
    const inner = scope.build("decoder", node.decoder as Node);
    const decoder: Decoder = {
      isStreamed: false,
      async *decode(body, headers) {
        for (const file of unzipped(await readAll(body))) yield* inner.decode(file.content(), headers);
      },
    };
    return decoder;
  },
});
