import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { headerNumber, waitHeaderFields, waitLimit } from "../../http/wait-header.ts";
import type { BackoffStrategy } from "./contract.ts";

export const waitTimeFromHeader = defineComponent({
  kind: "backoff",
  type: "WaitTimeFromHeader",
  doc: "Waits as many seconds as a header of the answer says.",
  fields: Type.Object(waitHeaderFields),
  build: (node, scope) => {
    const number = headerNumber(node, scope);
    const limited = waitLimit(node, scope);
    const strategy: BackoffStrategy = {
      seconds: (response) => {
        const seconds = response === null ? null : number(response);
        return seconds ? limited(seconds) : null;
      },
    };
    return strategy;
  },
});
