import { Type } from "@weir/kit";
import { type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node, type Scope, slot } from "../../component.ts";
import { defaultResolution } from "../../http/default-mapping.ts";
import { responseFilter } from "../../http/response-filter.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { ErrorHandler } from "./contract.ts";

const MAX_SECONDS = 600;

export const defaultErrorHandler = defineComponent({
  kind: "error-handler",
  type: "DefaultErrorHandler",
  doc: "Looks at an answer through its filters in order; where none matches, statuses mean what they commonly do: 5xx, 408 and 429 are tried again, other 4xx fail.",
  fields: Type.Object({
    response_filters: Type.Optional(
      Type.Array(Type.Unknown(), {
        description:
          "HttpResponseFilter: http_codes, error_message_contains or predicate, and the action, failure_type and error_message that follow.",
      }),
    ),
    max_retries: Type.Optional(
      Type.Union([Type.Integer(), Type.String()], {
        description: "Tries after the first, a number or a template.",
        default: 5,
        "x-template": true,
      }),
    ),
    backoff_strategies: Type.Optional(
      Type.Array(slot("backoff", { description: "How long to wait; the first with an answer counts." })),
    ),
  }),
  build: (node, scope) => {
    const filters = (node.response_filters ?? []).map((filter) => responseFilter(filter as Node, scope));
    const strategies = (node.backoff_strategies ?? []).map((strategy) =>
      scope.build("backoff", strategy as Node),
    );
    const handler: ErrorHandler = {
      maxRetries: retriesOf(node, scope),
      maxSeconds: MAX_SECONDS,
      interpret: (outcome) => {
        if (!(outcome instanceof Error))
          for (const filter of filters) {
            const resolution = filter(outcome);
            if (resolution !== null) return resolution;
          }
        return defaultResolution(outcome);
      },
      backoff: (response, attempt) => {
        for (const strategy of strategies) {
          const seconds = strategy.seconds(response, attempt);
          if (seconds) return seconds;
        }
        return null;
      },
    };
    return handler;
  },
});

function retriesOf(node: Node & { readonly max_retries?: JsonValue }, scope: Scope): number {
  const { max_retries: given = 5 } = node;
  const value =
    typeof given === "string"
      ? scope.template(given).evaluate(baseVariables(node, scope), { fallback: "5" })
      : given;
  const retries = Number(textOf(value));
  if (!Number.isInteger(retries))
    throw new WeirError({
      code: "manifest.retries",
      message: `max_retries is "${textOf(value)}", which is no whole number.`,
      next: "Correct the setting or the error handler in the manifest.",
      recovery: "ask",
      origin: "source",
    });
  return retries;
}
