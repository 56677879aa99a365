import { Type } from "@weir/kit";
import { WeirError } from "@weir/protocol";
import { defineComponent, type Node, slot } from "../../component.ts";
import { defaultResolution } from "../../http/default-mapping.ts";
import type { ErrorAction, ErrorHandler, Resolution } from "./contract.ts";

/** After these no further handler is asked. */
const SETTLED: ReadonlySet<ErrorAction> = new Set(["SUCCESS", "RETRY", "IGNORE", "RESET_PAGINATION"]);

export const compositeErrorHandler = defineComponent({
  kind: "error-handler",
  type: "CompositeErrorHandler",
  doc: "Asks several handlers in order. The first that says success, retry, ignore or reset is right; where all say fail or rate limit, the last is. Retries are counted as the first handler says; waits come from the first strategy of any of them.",
  fields: Type.Object({
    error_handlers: Type.Array(
      slot("error-handler", { description: "At least one.", ifUntyped: "DefaultErrorHandler" }),
    ),
  }),
  build: (node, scope) => {
    const handlers = node.error_handlers.map((child) => scope.build("error-handler", child as Node));
    const [first] = handlers;
    if (first === undefined)
      throw new WeirError({
        code: "manifest.error_handler",
        message: "CompositeErrorHandler needs at least one handler.",
        next: "Correct the error handler in the manifest.",
        recovery: "stop",
        origin: "source",
      });
    const handler: ErrorHandler = {
      maxRetries: first.maxRetries,
      maxSeconds: Math.max(...handlers.map(({ maxSeconds }) => maxSeconds)),
      interpret: (outcome) => {
        let last: Resolution | null = null;
        for (const child of handlers) {
          last = child.interpret(outcome);
          if (SETTLED.has(last.action)) return last;
        }
        return last ?? defaultResolution(outcome);
      },
      backoff: (response, attempt) => {
        for (const child of handlers) {
          const seconds = child.backoff(response, attempt);
          if (seconds) return seconds;
        }
        return null;
      },
    };
    return handler;
  },
});
