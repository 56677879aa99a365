import { Type } from "@weir/kit";
import { isObject, WeirError } from "@weir/protocol";
import { defineComponent, type Node, slot } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { isFalsy } from "../../records/truth.ts";
import { injected, requestOption } from "../../stream/request-option.ts";
import type { Paginator } from "./contract.ts";

export const defaultPaginator = defineComponent({
  kind: "paginator",
  type: "DefaultPaginator",
  doc: "Asks for page after page: a strategy says which is next, options say where requests carry it.",
  fields: Type.Object({
    pagination_strategy: slot("pagination-strategy", { description: "Which page is next." }),
    page_size_option: Type.Optional(
      Type.Unknown({ description: "Where requests carry the size of a page: a RequestOption." }),
    ),
    page_token_option: Type.Optional(
      Type.Unknown({
        description:
          "Where requests carry the page: a RequestOption, or RequestPath where it is the next address.",
      }),
    ),
  }),
  build: (node, scope) => {
    const strategy = scope.build("pagination-strategy", node.pagination_strategy as Node);
    const option = node.page_token_option;
    const isPath = isObject(option) && option["type"] === "RequestPath";
    const tokenOption = isPath ? null : requestOption(option, node, scope);
    const sizeOption = requestOption(node.page_size_option, node, scope);
    const pageSize = strategy.pageSize === 0 ? undefined : strategy.pageSize;
    if (sizeOption !== null && pageSize === undefined) throw noPageSize();
    const paginator: Paginator = {
      readsBody: strategy.readsBody,
      initial: () => strategy.initial(),
      next: (page, token) => {
        const next = strategy.next(page, token);
        return isFalsy(next) ? undefined : next;
      },
      additions: (token) => {
        const added = injected([
          [tokenOption, token],
          [sizeOption, pageSize],
        ]);
        return isPath && !isFalsy(token) ? { ...added, path: textOf(token) } : added;
      },
    };
    return paginator;
  },
});

function noPageSize(): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: "A paginator has page_size_option, its strategy no page_size.",
    next: "Give the strategy a page_size, or leave page_size_option out.",
    recovery: "ask",
    origin: "source",
    path: "page_size_option",
  });
}
