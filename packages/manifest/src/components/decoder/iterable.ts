import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { linesOf, textOfChunks } from "../../http/text-stream.ts";
import type { Decoder } from "./contract.ts";

export const iterableDecoder = defineComponent({
  kind: "decoder",
  type: "IterableDecoder",
  doc: "Gives each line of the body as an object with the field `record`.",
  fields: Type.Object({}),
  build: () => {
    const decoder: Decoder = {
      isStreamed: true,
      async *decode(body) {
        for await (const line of linesOf(textOfChunks(body), /\r\n|[\n\r]/)) yield { record: line };
      },
    };
    return decoder;
  },
});
