import type { JsonObject, RejectedRow, StreamPlan } from "@weir/protocol";

/** One row as it is to be written: `{ ...meta, ...data }`. */
export interface DestinationRow {
  /** `_airbyte_raw_id`, `_airbyte_extracted_at` (ISO 8601, UTC), `_airbyte_meta` and `_airbyte_generation_id`. */
  readonly meta: JsonObject;
  /** The selected fields; numbers exact, dates and times as text, NULL as null. */
  readonly data: JsonObject;
}

/**
 * What remains to be written for a destination that takes rows. Calls never overlap. In an attempt: `begin`, then for
 * each checkpoint `write` any number of times and `commit`, `finish` for each stream, `close`.
 *
 * `write` is called as rows arrive. An attempt that fails may leave rows that come again: delivery is at least once.
 */
export interface RowWriter {
  readonly held?: never;
  /** Makes ready what the streams need. In mode `overwrite`, where `fresh` is true, what an unfinished load left goes. */
  begin?(streams: readonly StreamPlan[]): Promise<void>;
  /** Takes rows of one stream, in order. Returns those the system refuses, which are set aside and counted. */
  write(
    stream: StreamPlan,
    rows: readonly DestinationRow[],
    signal: AbortSignal,
  ): Promise<readonly RejectedRow[] | void>;
  /** Returns when every row written so far is durable. */
  commit?(): Promise<void>;
  /** The stream is complete. In mode `overwrite` the rows of this load now take the place of all others, not before. */
  finish?(stream: StreamPlan): Promise<void>;
  close?(): Promise<void>;
}

/**
 * A writer that stores a document of ours together with the rows, or neither: delivery is exactly once. Rows wait in a
 * temporary file, so `write` is called only when `commit` follows at once. In an attempt: `held` (also in between),
 * `begin`, then for each checkpoint `write` any number of times and `commit`, `finish` for each stream, `close`.
 */
export interface HoldingWriter {
  /** The document the last commit stored for this connection; null when there is none. Changes nothing. */
  held(): Promise<JsonObject | null>;
  /**
   * As above, and everything written after the last commit goes. The commit that follows at once makes it final: until
   * then nothing committed, staged rows included, may be lost.
   */
  begin(streams: readonly StreamPlan[]): Promise<void>;
  /** As above, but refuses no row. */
  write(stream: StreamPlan, rows: readonly DestinationRow[], signal: AbortSignal): Promise<void>;
  /** Returns when the document and every row written so far, if any, are durable; a crash leaves both or neither. */
  commit(document: JsonObject): Promise<void>;
  /** As above, and stores the document in the same step. */
  finish(stream: StreamPlan, document: JsonObject): Promise<void>;
  close?(): Promise<void>;
}

export type RecordWriter = RowWriter | HoldingWriter;
