import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { jitterOf, numberTemplate } from "../../http/numbers.ts";
import type { BackoffStrategy } from "./contract.ts";

export const constantBackoff = defineComponent({
  kind: "backoff",
  type: "ConstantBackoffStrategy",
  doc: "Waits the same time before every try.",
  fields: Type.Object({
    backoff_time_in_seconds: Type.Union([Type.Number(), Type.String()], {
      description: "Seconds, a number or a template.",
      "x-template": true,
    }),
    jitter_range_in_seconds: Type.Optional(
      Type.Number({ description: "Up to twice as many seconds more, at random." }),
    ),
  }),
  build: (node, scope) => {
    const seconds = numberTemplate(node.backoff_time_in_seconds, node, scope);
    const jitter = jitterOf(node.jitter_range_in_seconds, scope);
    const strategy: BackoffStrategy = { seconds: () => (seconds() ?? 0) + jitter() };
    return strategy;
  },
});
