import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { countOf, isLastPage, pageSizeField, pageSizeOf } from "../../retrieval/page-size.ts";
import type { PaginationStrategy } from "./contract.ts";

export const pageIncrement = defineComponent({
  kind: "pagination-strategy",
  type: "PageIncrement",
  doc: "Counts pages. The last one is shorter than the page size, as the extractor finds it, or empty.",
  fields: Type.Object({
    page_size: pageSizeField,
    start_from_page: Type.Optional(
      Type.Integer({ description: "The number of the first page.", default: 0 }),
    ),
    inject_on_first_request: Type.Optional(
      Type.Boolean({ description: "Whether the first request names its page too.", default: false }),
    ),
  }),
  build: (node, scope) => {
    const pageSize = pageSizeOf(node.page_size, node, scope);
    const first = node.start_from_page ?? 0;
    const strategy: PaginationStrategy = {
      pageSize,
      readsBody: false,
      initial: () => (node.inject_on_first_request === true ? first : undefined),
      // A page size of 0 stands for none here.
      next: ({ extracted }, token) =>
        isLastPage(extracted, pageSize || undefined)
          ? undefined
          : (token === undefined ? first : countOf(token)) + 1,
    };
    return strategy;
  },
});
