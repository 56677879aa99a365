import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { countOf, isLastPage, pageSizeField, pageSizeOf } from "../../retrieval/page-size.ts";
import type { PaginationStrategy } from "./contract.ts";

export const offsetIncrement = defineComponent({
  kind: "pagination-strategy",
  type: "OffsetIncrement",
  doc: "Counts records, as the extractor finds them. The last page is one shorter than the page size, or an empty one.",
  fields: Type.Object({
    page_size: pageSizeField,
    inject_on_first_request: Type.Optional(
      Type.Boolean({ description: "Whether the first request carries the offset 0.", default: false }),
    ),
  }),
  build: (node, scope) => {
    const pageSize = pageSizeOf(node.page_size, node, scope);
    const strategy: PaginationStrategy = {
      pageSize,
      readsBody: false,
      initial: () => (node.inject_on_first_request === true ? 0 : undefined),
      next: ({ extracted }, token) =>
        isLastPage(extracted, pageSize) ? undefined : (token === undefined ? 0 : countOf(token)) + extracted,
    };
    return strategy;
  },
});
