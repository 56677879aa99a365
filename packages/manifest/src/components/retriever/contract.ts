import type { JsonObject } from "@weir/protocol";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

export interface SliceRead {
  readonly slice: Slice;
  /** What partition and cursor add to each request of the slice. */
  readonly additions: readonly RequestAdditions[];
  /** False ends the slice's pagination before its end: a data feed has reached what is known. */
  readonly goesOn?: ((lastRecord: JsonObject | null) => boolean) | undefined;
  /** Whether the record is wanted where the cursor filters on this side; absent: all are. */
  readonly isWanted?: ((record: JsonObject) => boolean) | undefined;
}

export interface Retriever {
  /** The records of one slice, page after page, as they leave the selector. */
  read(read: SliceRead, signal: AbortSignal): AsyncIterable<JsonObject>;
}
