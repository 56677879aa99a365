import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import type { Paginator } from "./contract.ts";

export const noPagination = defineComponent({
  kind: "paginator",
  type: "NoPagination",
  doc: "The first page is the only one.",
  fields: Type.Object({}),
  build: () => {
    const paginator: Paginator = {
      readsBody: false,
      initial: () => undefined,
      next: () => undefined,
      additions: () => ({}),
    };
    return paginator;
  },
});
