import type { JsonObject } from "@weir/protocol";
import type { Cursor, CursorRead } from "../components/cursor/contract.ts";
import type { PartitionRouter } from "../components/partition-router/contract.ts";
import type { RequestAdditions, Slice } from "../components/requester/contract.ts";
import type { Retriever } from "../components/retriever/contract.ts";
import { merged } from "./request-option.ts";

/** What a stream is read with. */
export interface StreamParts {
  readonly retriever: Retriever;
  readonly router: PartitionRouter | null;
  readonly cursor: Cursor | null;
  /** As its stream understands it today; null: from the start. */
  readonly state: JsonObject | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly cursorField?: string | undefined;
}

/** The only partition of a stream that has none. */
export const WHOLE: Slice = { partition: {}, cursor: {}, extra: {} };

/** The records of one slice; what the cursor does not want is left out. */
export async function* recordsOf(
  { retriever, router, cursor }: StreamParts,
  slice: Slice,
  read: Pick<CursorRead, "additions" | "isWanted"> | null,
  signal: AbortSignal,
): AsyncGenerator<JsonObject> {
  const isWanted = read === null ? undefined : (record: JsonObject): boolean => read.isWanted(record);
  const isFeed = cursor?.isDataFeed === true && isWanted !== undefined;
  const records = retriever.read(
    {
      slice,
      additions: [additionsOf(router, slice, read)],
      goesOn: isFeed ? (last) => last === null || isWanted(last) : undefined,
      isWanted: cursor?.isClientSide === true ? isWanted : undefined,
    },
    signal,
  );
  for await (const record of records) {
    // Only now: the whole page had to be seen to know where to stop.
    if (!isFeed || isWanted(record)) yield record;
  }
}

/** A name that both the cursor and the router use carries the cursor's value. */
function additionsOf(
  router: PartitionRouter | null,
  slice: Slice,
  read: Pick<CursorRead, "additions"> | null,
): RequestAdditions {
  return merged(read?.additions(slice) ?? {}, router?.additions(slice) ?? {});
}
