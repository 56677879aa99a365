import type { Node, Scope } from "../component.ts";
import type { RequestCall, Slice } from "../components/requester/contract.ts";
import type { Variables } from "../expressions/index.ts";
import { AttributedMapping } from "../expressions/values/types.ts";

/** What every template of a component can name. */
export function baseVariables(node: Node, scope: Scope): Variables {
  return { config: scope.config, parameters: node.$parameters ?? {} };
}

/** What the templates of a request can name beside. */
export function requestVariables(call: RequestCall): Variables {
  const { slice, nextPageToken, variables } = call;
  return { stream_slice: sliceValue(slice), next_page_token: nextPageToken, ...slice.extra, ...variables };
}

/** `stream_slice`: the keys of partition and cursor, and each of them by itself. */
export function sliceValue({ partition, cursor, extra }: Slice): AttributedMapping {
  return new AttributedMapping(
    { ...partition, ...cursor },
    new Map<string, unknown>([
      ["partition", partition],
      ["cursor_slice", cursor],
      ["extra_fields", extra],
      ["_partition", partition],
    ]),
  );
}
