import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { baseVariables } from "../../http/variables.ts";
import { isFalsy } from "../../records/truth.ts";
import { linksOf } from "../../retrieval/links.ts";
import { pageSizeField, pageSizeOf } from "../../retrieval/page-size.ts";
import type { PaginationStrategy } from "./contract.ts";

export const cursorPagination = defineComponent({
  kind: "pagination-strategy",
  type: "CursorPagination",
  doc: "Takes the next page's token from the page before.",
  fields: Type.Object({
    cursor_value: templateText(
      "The next token; sees config, parameters, response, headers, last_record and last_page_size. Empty: this was the last page.",
    ),
    stop_condition: Type.Optional(templateText("Holds on the last page. Looked at before the token.")),
    page_size: pageSizeField,
  }),
  build: (node, scope) => {
    const value = scope.template(node.cursor_value);
    const { stop_condition: condition = "" } = node;
    const stop = condition === "" ? null : scope.template(condition);
    const base = baseVariables(node, scope);
    const spellings = spellingsIn(node.cursor_value + condition);
    const strategy: PaginationStrategy = {
      pageSize: pageSizeOf(node.page_size, node, scope),
      readsBody: true,
      initial: () => undefined,
      next: ({ response, body, kept, lastRecord }) => {
        const variables = {
          ...base,
          response: body,
          headers: headersAs(response.headers, spellings),
          last_record: lastRecord,
          last_page_size: kept,
        };
        if (stop !== null && stop.test(variables)) return undefined;
        const token = value.evaluate(variables);
        return isFalsy(token) ? undefined : token;
      },
    };
    return strategy;
  },
});

/** Words of a template that may be names of headers: servers spell them as they like, templates expect one way. */
function spellingsIn(text: string): readonly string[] {
  return text.match(/[A-Za-z][A-Za-z0-9_-]{0,99}/g) ?? [];
}

function headersAs(headers: Readonly<Record<string, string>>, spellings: readonly string[]): JsonObject {
  const known = new Map<string, string | JsonObject>(Object.entries(headers));
  for (const spelling of spellings) {
    const value = known.get(spelling.toLowerCase());
    if (value !== undefined) known.set(spelling, value);
  }
  known.set("link", linksOf(headers["link"]));
  return Object.fromEntries(known);
}
