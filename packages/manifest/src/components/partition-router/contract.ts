import type { JsonObject } from "@weir/protocol";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

export interface PartitionRouter {
  /** Groups have no states of their own: partitions of this router share one. */
  readonly isGrouping: boolean;
  /** Whether it puts anything into requests by itself. */
  readonly hasOptions: boolean;
  /** Begins a pass over the partitions. */
  open(start: RouterStart): RouterReading;
  additions(slice: Slice): RequestAdditions;
}

export interface RouterStart {
  /** The state of the stream that is partitioned, its parents' states within; null: from the start. */
  readonly state: JsonObject | null;
}

export interface RouterReading {
  /** The partitions in order, pulled one at a time; parents are read as far as needed. */
  partitions(signal: AbortSignal): AsyncIterable<Slice>;
  /** The parents' states by name, true once every partition yielded so far is done; null: this kind of router keeps none. */
  parents(): JsonObject | null;
}
