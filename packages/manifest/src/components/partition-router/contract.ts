import type { JsonValue } from "@weir/protocol";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

export interface PartitionRouter {
  /** The partitions in order, pulled one at a time; parents are read as far as needed. */
  partitions(signal: AbortSignal): AsyncIterable<Slice>;
  additions(slice: Slice): RequestAdditions;
  /** Where parents are read incrementally: their states, by name, and what they were when a read begins. */
  readonly parents?: {
    begin(state: JsonValue | null): void;
    /** What is true once every partition yielded so far is done. */
    state(): JsonValue;
  };
}
