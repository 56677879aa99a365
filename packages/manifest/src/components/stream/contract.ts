import type { JsonObject, Stream } from "@weir/protocol";
import type { Slice } from "../requester/contract.ts";

export interface StreamComponent {
  readonly name: string;
  /** What its state names; undefined: it is not read incrementally. */
  readonly cursorField: string | undefined;
  /** As the catalog shows it; may ask the API where its schema is found there. */
  describe(signal: AbortSignal): Promise<Stream>;
  /** Begins a read. Readings of one stream are independent. */
  open(start: StreamStart): StreamReading;
}

export interface StreamStart {
  /** As this stream once emitted it or as older versions did; null: from the start. */
  readonly state: JsonObject | null;
  /** The field that the configured catalog names as cursor. */
  readonly cursorField?: string | undefined;
}

/** Slices are taken one at a time: each is read and closed before the next one is asked for, or read no further at all. */
export interface StreamReading {
  /** To be said before anything is read: the state that came in is void. */
  readonly isRestarted: boolean;
  slices(signal: AbortSignal): AsyncIterable<StreamSlice>;
  /** Every slice has been closed: only now the state stands for the whole stream. */
  finish(): void;
  /** What is true of the slices closed so far. */
  state(): JsonObject;
}

export interface StreamSlice {
  readonly slice: Slice;
  records(signal: AbortSignal): AsyncIterable<JsonObject>;
  /** The record has been emitted. */
  observe(record: JsonObject): void;
  /** All its records have been emitted. True: the state is worth saying now. */
  close(): boolean;
}
