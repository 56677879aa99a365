import type {
  CheckResult,
  Context,
  DestinationConnector,
  JsonObject,
  OpenDestination,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import type { Static } from "typebox";
import type { TObject } from "../config/type.ts";
import { defineDestination } from "../define.ts";
import { writerSession } from "./session.ts";

/** One row as it is to be written: `{ ...meta, ...data }`. */
export interface DestinationRow {
  /** `_airbyte_raw_id`, `_airbyte_extracted_at` (ISO 8601, UTC), `_airbyte_meta` and `_airbyte_generation_id`. */
  readonly meta: JsonObject;
  /** The selected fields; numbers exact, dates and times as text, NULL as null. */
  readonly data: JsonObject;
}

/**
 * What remains to be written for a destination that takes rows. Calls never overlap. In an attempt: `held` and `begin`,
 * then for each checkpoint `write` any number of times and `commit`, `finish` for each stream, `close`.
 *
 * Without `held`, `write` is called as rows arrive and an attempt that fails may leave rows that come again: delivery
 * is at least once. With `held`, `write` is called only when a `commit` follows at once, and delivery is exactly once
 * provided that a commit stores rows and document together or not at all.
 */
export interface RecordWriter {
  /** The document the last commit stored for this connection; null when there is none. */
  held?(): Promise<JsonObject | null>;
  /**
   * Makes ready what the streams need. A writer with `held` first drops everything written after the last commit; one
   * that overwrites drops what an unfinished load of a stream left where `fresh` is true.
   */
  begin(streams: readonly StreamPlan[]): Promise<void>;
  /** Takes rows of one stream, in order. Returns those the system refuses; a writer with `held` refuses none. */
  write(
    stream: StreamPlan,
    rows: readonly DestinationRow[],
    signal: AbortSignal,
  ): Promise<readonly RejectedRow[] | void>;
  /** Returns when every row written so far, if any, is durable, and the document with them where there is `held`. */
  commit(document: JsonObject): Promise<void>;
  /**
   * The stream is complete; the document is to be stored as in `commit`. In mode `overwrite` the rows written since the
   * load began take the place of all others now, not before.
   */
  finish(stream: StreamPlan, document: JsonObject): Promise<void>;
  close(): Promise<void>;
}

export interface RecordDestinationDefinition<Config extends TObject> {
  /** `destination-<system>`. */
  readonly id: string;
  readonly title: string;
  readonly config: Config;
  readonly documentationUrl?: string | undefined;
  /** `append`, and `overwrite` where the writer can do it. */
  readonly modes: readonly ("append" | "overwrite")[];
  check(config: Static<Config>, context: Context): Promise<CheckResult | void>;
  open(request: Omit<OpenDestination, "config"> & { readonly config: Static<Config> }): Promise<RecordWriter>;
}

/** A destination whose author only writes rows: batches, transactions, checkpoints and fence are seen to here. */
export function recordDestination<Config extends TObject>(
  definition: RecordDestinationDefinition<Config>,
): DestinationConnector {
  return defineDestination({
    ...definition,
    check: (config, context) => definition.check(config, context),
    open: async (request) => writerSession(await definition.open(request), definition.modes),
  });
}
