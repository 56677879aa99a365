import type { JsonObject, JsonValue } from "@weir/protocol";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

/** How a stream is read incrementally: its slices of time or number, what they put into requests, and its state. */
export interface Cursor {
  /** The record's field that grows. */
  readonly field: string;
  /** The configured catalog may name another field. */
  readonly isCatalogDefined: boolean;
  /** The newest records come first; pages end where known ones begin. */
  readonly isDataFeed: boolean;
  /** The API cannot filter: records outside of what was asked for are dropped here. */
  readonly isClientSide: boolean;
  /** Over partitions, one state for all of them. */
  readonly isGlobal: boolean;
  /** Whether partitions may have states of their own. */
  readonly isPartitionable: boolean;
  /** Starts a read. `state` as this cursor once emitted it or as older versions did; null: from the start. */
  begin(state: JsonObject | null, options?: CursorOptions): CursorRead;
  /** A record's or a state's value as states write it; undefined: it cannot be read. */
  written(value: JsonValue): JsonValue | undefined;
  /** The instant a state stands for, in milliseconds since 1970; null: it names none. */
  instant(state: JsonObject): number | null;
}

export interface CursorOptions {
  /** Taken off the state's value: what may have been missed while an earlier sync ran. */
  readonly lookbackSeconds?: number | undefined;
  /** The field that the configured catalog names. */
  readonly field?: string | undefined;
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
  state(): JsonObject;
}
