import type { Node, Scope } from "../component.ts";
import type { RequestCall } from "../components/requester/contract.ts";
import { sliceValue, type Variables } from "../expressions/index.ts";

/** What every template of a component can name. */
export function baseVariables(node: Node, scope: Scope): Variables {
  return { config: scope.config, parameters: node.$parameters ?? {} };
}

/** What the templates of a request can name beside. */
export function requestVariables(call: RequestCall): Variables {
  const { slice, nextPageToken, variables } = call;
  return {
    stream_slice: sliceValue(slice.partition, slice.cursor, slice.extra),
    next_page_token: nextPageToken,
    ...slice.extra,
    ...variables,
  };
}
