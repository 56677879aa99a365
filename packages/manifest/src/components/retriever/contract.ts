import type { JsonObject, JsonValue } from "@weir/protocol";
import type { Node } from "../../node.ts";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

/**
 * What a stream tells the components below it. It stands under `$stream` in the retriever's node; the retriever hands it
 * on to its selector's node under the same name.
 */
export interface StreamFacts {
  readonly name: string;
  readonly primaryKey: JsonValue;
  /** The stream's transformations, in order: nodes for the selector to build. */
  readonly transformations: readonly Node[];
  /** The cursor filters on this side: the selector transforms before it filters unless told otherwise. */
  readonly isClientSide: boolean;
  readonly fileUploader: Node | null;
  /** The stream's schema, for a selector that casts values to its types; absent: it has none. */
  readonly schema?: ((signal: AbortSignal) => Promise<JsonObject>) | undefined;
}

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
