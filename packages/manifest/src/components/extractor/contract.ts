import type { JsonValue } from "@weir/protocol";
import type { PageResponse } from "../requester/contract.ts";

export interface Extractor {
  /** The records of one response, in order. */
  extract(response: PageResponse): Iterable<JsonValue> | AsyncIterable<JsonValue>;
}
