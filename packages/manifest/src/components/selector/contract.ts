import type { JsonObject } from "@weir/protocol";
import type { PageResponse, Slice } from "../requester/contract.ts";

export interface Selected {
  /** Records that leave: filtered, transformed, normalised. */
  readonly records: readonly JsonObject[];
  /** Records that the extractor found. */
  readonly extracted: number;
}

export interface SelectRequest {
  readonly response: PageResponse;
  readonly slice: Slice;
  readonly nextPageToken: JsonObject | null;
  readonly isWanted?: ((record: JsonObject) => boolean) | undefined;
}

export interface Selector {
  /** The page in portions, so that a body of any size passes; most pages are one portion. */
  select(request: SelectRequest): AsyncIterable<Selected>;
}
