import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import { defineComponent } from "../../component.ts";
import { csvRows } from "../../http/csv.ts";
import { textOfChunks } from "../../http/text-stream.ts";
import type { Decoder } from "./contract.ts";

const ESCAPES: Readonly<Record<string, string>> = { "\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\" };

export const csvDecoder = defineComponent({
  kind: "decoder",
  type: "CsvDecoder",
  doc: "Reads the body as CSV, as it comes: the first row names the fields, each further one is an object of texts.",
  fields: Type.Object({
    encoding: Type.Optional(Type.String({ description: "The body's encoding.", default: "utf-8" })),
    delimiter: Type.Optional(
      Type.String({ description: "What separates cells; `\\t` is a tab.", default: "," }),
    ),
    set_values_to_none: Type.Optional(
      Type.Array(Type.String(), { description: "Cells with these texts are null." }),
    ),
  }),
  build: (node) => {
    const given = node.delimiter ?? ",";
    const delimiter = ESCAPES[given] ?? (given === "" ? "," : given);
    const nulls = new Set(node.set_values_to_none);
    const decoder: Decoder = {
      isStreamed: true,
      async *decode(body) {
        let names: readonly string[] | null = null;
        for await (const row of csvRows(textOfChunks(body, node.encoding), delimiter)) {
          if (names === null) names = row;
          else yield recordOf(names, row, nulls);
        }
      },
    };
    return decoder;
  },
});

/** A short row's last fields are null. Cells beyond the names have none to go by; their list is no field of a record. */
function recordOf(names: readonly string[], row: readonly string[], nulls: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(
    names.map((name, at) => {
      const cell = row[at];
      return [name, cell === undefined || nulls.has(cell) ? null : cell];
    }),
  );
}
