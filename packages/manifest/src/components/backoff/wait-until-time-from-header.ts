import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { numberTemplate } from "../../http/numbers.ts";
import { headerNumber, waitHeaderFields, waitLimit } from "../../http/wait-header.ts";
import type { BackoffStrategy } from "./contract.ts";

export const waitUntilTimeFromHeader = defineComponent({
  kind: "backoff",
  type: "WaitUntilTimeFromHeader",
  doc: "Waits until the time that a header of the answer says, in seconds since 1970.",
  fields: Type.Object({
    ...waitHeaderFields,
    min_wait: Type.Optional(
      Type.Union([Type.Number(), Type.String()], {
        description: "Seconds to wait at least; also where the header is missing.",
        "x-template": true,
      }),
    ),
  }),
  build: (node, scope) => {
    const number = headerNumber(node, scope);
    const floor = numberTemplate(node.min_wait, node, scope);
    const limited = waitLimit(node, scope);
    const strategy: BackoffStrategy = {
      seconds: (response) => {
        const until = response === null ? null : number(response);
        const least = floor();
        if (!until) return least ? limited(least) : null;
        const wait = until - scope.services.context.clock.now() / 1000;
        if (least) return limited(Math.max(wait, least));
        return wait < 0 ? null : limited(wait);
      },
    };
    return strategy;
  },
});
