import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { jitterOf, numberTemplate } from "../../http/numbers.ts";
import type { BackoffStrategy } from "./contract.ts";

export const exponentialBackoff = defineComponent({
  kind: "backoff",
  type: "ExponentialBackoffStrategy",
  doc: "Waits twice as long before each further try: factor * 2, factor * 4, factor * 8 seconds.",
  fields: Type.Object({
    factor: Type.Optional(
      Type.Union([Type.Number(), Type.String()], {
        description: "Half of the first wait in seconds, a number or a template.",
        default: 5,
        "x-template": true,
      }),
    ),
    jitter_range_in_seconds: Type.Optional(
      Type.Number({ description: "Up to twice as many seconds more, at random." }),
    ),
  }),
  build: (node, scope) => {
    const factor = numberTemplate(node.factor ?? 5, node, scope);
    const jitter = jitterOf(node.jitter_range_in_seconds, scope);
    const strategy: BackoffStrategy = {
      seconds: (_response, attempt) => (factor() ?? 0) * 2 ** attempt + jitter(),
    };
    return strategy;
  },
});
