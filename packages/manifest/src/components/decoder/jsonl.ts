import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { parseExact } from "../../http/json.ts";
import { linesOf, textOfChunks } from "../../http/text-stream.ts";
import type { Decoder } from "./contract.ts";

export const jsonlDecoder = defineComponent({
  kind: "decoder",
  type: "JsonlDecoder",
  doc: "Reads each line of the body as one JSON value, as it comes; a line that is none is passed over with a warning.",
  fields: Type.Object({}),
  build: (_node, scope) => {
    const decoder: Decoder = {
      isStreamed: true,
      async *decode(body) {
        for await (const line of linesOf(textOfChunks(body), /\n/)) {
          const value = parsed(line);
          if (value !== undefined) yield value;
          else scope.services.context.log("warn", "A line of the response is no JSON; it was passed over.");
        }
      },
    };
    return decoder;
  },
});

function parsed(line: string): JsonValue | undefined {
  try {
    return parseExact(line);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
