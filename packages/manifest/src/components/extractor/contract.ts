import type { JsonValue } from "@weir/protocol";
import type { PageResponse } from "../requester/contract.ts";

export interface Extractor {
  /** The records of one response in order, as many at a time as came together. */
  extract(response: PageResponse): AsyncIterable<readonly JsonValue[]>;
}
