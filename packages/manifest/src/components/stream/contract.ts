import type { JsonValue, Message, Stream } from "@weir/protocol";
import type { Slice } from "../requester/contract.ts";
import type { JsonObject } from "@weir/protocol";

export interface StreamComponent {
  readonly name: string;
  /** As the catalog shows it; may ask the API where its schema is found there. */
  describe(signal: AbortSignal): Promise<Stream>;
  /** Its messages without statuses: records, and states each after what it covers. */
  read(state: JsonValue | null, signal: AbortSignal): AsyncIterable<Message>;
  /** Partition by partition, for checks and for streams that have this one as parent. */
  slices(signal: AbortSignal): AsyncIterable<StreamSlice>;
}

export interface StreamSlice {
  readonly slice: Slice;
  records(signal: AbortSignal): AsyncIterable<JsonObject>;
}
