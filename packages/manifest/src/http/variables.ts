import type { Node, Scope } from "../component.ts";
import type { RequestCall, Slice } from "../components/requester/contract.ts";
import { sliceValue as mappingOf, type Variables } from "../expressions/index.ts";

/** What every template of a component can name. */
export function baseVariables(node: Node, scope: Scope): Variables {
  return { config: scope.config, parameters: node.$parameters ?? {} };
}

/** What the templates of a request can name beside. */
export function requestVariables(call: RequestCall): Variables {
  const { slice, nextPageToken, variables } = call;
  return {
    stream_slice: sliceValue(slice),
    next_page_token: nextPageToken,
    ...slice.extra,
    ...variables,
  };
}

/** A slice as templates see it under `stream_slice`. */
export function sliceValue({ partition, cursor, extra }: Slice): ReturnType<typeof mappingOf> {
  return mappingOf(partition, cursor, extra);
}
