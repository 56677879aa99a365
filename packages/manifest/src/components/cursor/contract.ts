import type { JsonObject, JsonValue } from "@weir/protocol";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

/** How a stream is read incrementally: its slices of time or number, what they put into requests, and its state. */
export interface Cursor {
  /** The field, for the catalog; undefined when only a configured catalog will name it. */
  readonly field: string | undefined;
  /** Starts a read. `state` as this cursor once emitted it or as older versions did; null: from the start. */
  begin(state: JsonValue | null): CursorRead;
}

/** One read's progress over one partition, or over a stream without partitions. */
export interface CursorRead {
  slices(): Iterable<JsonObject>;
  /** What the slice's borders add to each of its requests. */
  additions(slice: Slice): RequestAdditions;
  observe(record: JsonObject, slice: Slice): void;
  /** Whether a record belongs to what this read was asked for: not before its start, not after its end. */
  isWanted(record: JsonObject): boolean;
  /** Every record of the slice has been emitted. */
  close(slice: Slice): void;
  state(): JsonValue;
}
