import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { parseExact } from "../../http/json.ts";
import { readAll } from "../../http/page.ts";
import type { Decoder } from "./contract.ts";

export const jsonDecoder = defineComponent({
  kind: "decoder",
  type: "JsonDecoder",
  doc: "Reads the body as one JSON document: each element of a list, or the one value. An empty list, an empty body and what is no JSON give one empty object.",
  fields: Type.Object({}),
  build: () => {
    const decoder: Decoder = {
      isStreamed: false,
      async *decode(body) {
        const value = parsed(new TextDecoder().decode(await readAll(body)));
        if (Array.isArray(value) && value.length > 0) yield* value as readonly JsonValue[];
        else yield value === null || value === undefined || Array.isArray(value) ? {} : value;
      },
    };
    return decoder;
  },
});

function parsed(text: string): JsonValue | undefined {
  try {
    return parseExact(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
