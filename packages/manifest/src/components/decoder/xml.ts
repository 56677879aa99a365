import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import { defineComponent, type Scope } from "../../component.ts";
import { bodyText, readAll } from "../../http/page.ts";
import { parseXml, XmlError } from "../../http/xml.ts";
import type { Decoder } from "./contract.ts";

export const xmlDecoder = defineComponent({
  kind: "decoder",
  type: "XmlDecoder",
  doc: "Reads the body as XML: an element is its text, or an object of its `@attributes`, children and `#text`; children of one name are a list. What is no XML gives one empty object.",
  fields: Type.Object({}),
  build: (_node, scope) => {
    const decoder: Decoder = {
      isStreamed: false,
      async *decode(body, headers) {
        yield documentOf(bodyText(await readAll(body), headers["content-type"]), scope);
      },
    };
    return decoder;
  },
});

function documentOf(text: string, scope: Scope): JsonObject {
  try {
    return parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    scope.services.context.log("warn", `A response cannot be read as XML: ${error.message}.`);
    return {};
  }
}
