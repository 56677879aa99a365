import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node, slot } from "../../component.ts";
import { LoopGuard } from "../../retrieval/loop-guard.ts";
import { PageCount } from "../../retrieval/page-count.ts";
import { queryProperties, withoutQueryProperties } from "../../retrieval/query-properties.ts";
import type { RequestAdditions, Slice } from "../requester/contract.ts";
import type { Retriever, StreamFacts } from "./contract.ts";

/** Times that a slice without progress may begin anew. */
const MAX_RESETS = 1;

export const simpleRetriever = defineComponent({
  kind: "retriever",
  type: "SimpleRetriever",
  doc: "Fetches a slice's records page after page over HTTP.",
  fields: Type.Object({
    requester: slot("requester", { description: "Sends the requests.", ifUntyped: "HttpRequester" }),
    record_selector: slot("selector", {
      description: "Takes records out of pages.",
      ifUntyped: "RecordSelector",
    }),
    paginator: Type.Optional(
      slot("paginator", { description: "Which page is next. Without it the first is the only one." }),
    ),
    partition_router: Type.Optional(
      slot("partition-router", {
        description: "The partitions of the stream; a list of routers is their product.",
      }),
    ),
    decoder: Type.Optional(slot("decoder", { description: "How bodies are read; JsonDecoder if absent." })),
    ignore_stream_slicer_parameters_on_paginated_requests: Type.Optional(
      Type.Boolean({
        description: "Whether only requests without a page token carry what partition and cursor add.",
        default: false,
      }),
    ),
    pagination_reset: Type.Optional(
      Type.Unknown({
        description: "PaginationReset: begins anew where an error handler says RESET_PAGINATION.",
      }),
    ),
  }),
  build: (node, scope) => {
    const { $stream } = node;
    const { name = "" } = ($stream ?? {}) as unknown as Partial<StreamFacts>;
    const requesterNode = node.requester as Node;
    const properties = queryProperties(requesterNode, name, scope);
    const decoder = node.decoder as JsonValue | undefined;
    const requester = scope.build("requester", {
      ...withoutQueryProperties(requesterNode),
      ...(isObject(decoder) ? { decoder } : {}),
    });
    const selector = scope.build("selector", {
      ...(node.record_selector as Node),
      ...($stream === undefined ? {} : { $stream }),
    });
    const paginator = scope.build(
      "paginator",
      isObject(node.paginator) ? (node.paginator as unknown as Node) : { type: "NoPagination" },
    );
    const isFirstOnly = node.ignore_stream_slicer_parameters_on_paginated_requests === true;

    const retriever: Retriever = {
      async *read({ slice: given, additions, goesOn, isWanted }, signal) {
        let token = paginator.initial();
        let resets = 0;
        let guard = new LoopGuard(name);
        for (;;) {
          signal.throwIfAborted();
          const nextPageToken = token === undefined ? null : { next_page_token: token };
          const { path, ...added } = paginator.additions(token, given);
          const sent = isFirstOnly && nextPageToken !== null ? [added] : [added, ...additions];
          const ask = (slice: Slice, more: RequestAdditions) =>
            requester.send(
              { slice, nextPageToken, path, additions: [...sent, more], streamName: name },
              signal,
            );

          const chunks = properties === null ? [null] : await properties.chunks(signal);
          const merged = new Map<string, JsonObject>();
          let page: PageCount | null = null;
          let isReset = false;
          for (const chunk of chunks) {
            const slice =
              chunk === null ? given : { ...given, extra: { ...given.extra, query_properties: chunk } };
            const response = await ask(slice, properties?.additions(chunk ?? []) ?? {});
            isReset = response === "reset";
            if (response === "reset") break;
            if (response === null || !response.ok) {
              page = null;
              continue;
            }
            const current = new PageCount(response);
            if (page !== null) {
              current.kept = page.kept;
              current.lastRecord = page.lastRecord;
            }
            page = current;
            for await (const { records, extracted } of selector.select({
              response,
              slice,
              nextPageToken,
              isWanted,
            })) {
              page.extracted += extracted;
              const left = properties === null ? records : properties.merge(records, merged);
              page.emitted(left);
              yield* left;
            }
          }
          if (merged.size > 0) {
            const records = [...merged.values()];
            page?.emitted(records);
            yield* records;
          }
          if (isReset) {
            if (++resets > MAX_RESETS) throw tooManyResets(name);
            token = paginator.initial();
            guard = new LoopGuard(name);
            continue;
          }
          if (page === null) return;
          guard.check(token, page.response);
          if (goesOn !== undefined && !goesOn(page.lastRecord)) return;
          if (paginator.readsBody) await page.readBody();
          token = paginator.next(page, token);
          if (token === undefined) return;
        }
      },
    };
    return retriever;
  },
});

function tooManyResets(stream: string): WeirError {
  return new WeirError({
    code: "manifest.pagination_reset",
    message: `Pagination of stream ${stream} was to begin anew a second time for the same slice.`,
    next: "Make the slices smaller, with step in the stream's cursor.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
