import type { Context } from "./context.ts";
import type { Encoding, PartRead } from "./encoding.ts";
import type { Field } from "./field.ts";
import type { JsonObject } from "./json.ts";
import type { RejectedRow } from "./rejected-row.ts";
import type { Measure, MeasureRequest } from "./source.ts";
import type { CheckResult, ConnectorSpecification } from "./spec.ts";

/**
 * A destination. The engine opens one session for each attempt and calls, in this order: `held`, `begin` without streams
 * to take the fence, `held` again (nobody else can commit any more), `begin` with the streams planned from it, then
 * `takes` and `transaction` for many parts, several at a time, `finish` for each stream, `held`, `close`.
 */
export interface DestinationConnector {
  readonly kind: "destination";
  readonly id: string;
  readonly title: string;
  readonly spec: ConnectorSpecification;
  check(config: JsonObject, context: Context): Promise<CheckResult>;
  open(request: OpenDestination): Promise<DestinationSession>;
}

export interface OpenDestination {
  readonly config: JsonObject;
  /** Names the connection; checkpoints and fence are kept under it. */
  readonly connection: string;
  readonly context: Context;
  /**
   * For destinations that acknowledge later: told, in the order of the commits of each stream, when the rows that the
   * checkpoints cover are durable. One call at a time; `drain` waits for the last. Others never call it.
   */
  readonly acknowledged?: ((checkpoints: readonly StoredCheckpoint[]) => Promise<void>) | undefined;
  /** A sign of life: told when the destination is seen at work, so that a long call is not taken for a dead one. */
  readonly alive?: (() => void) | undefined;
}

/** Who may commit: compared as (sync, attempt), the greater wins. */
export interface FencingToken {
  readonly sync: number;
  readonly attempt: number;
}

/** A checkpoint as the destination keeps it: a document whose meaning is the engine's. `stream` is a stream key, or `""` for the whole connection. */
export interface StoredCheckpoint {
  readonly stream: string;
  readonly document: JsonObject;
}

export interface Held {
  /** The token of the last `begin`; null for a connection never seen. */
  readonly token: FencingToken | null;
  readonly checkpoints: readonly StoredCheckpoint[];
}

export interface DestinationCapabilities {
  /** Data and checkpoint commit together. False: delivery is at least once, and the result says so. */
  readonly transactional: boolean;
  /** Transactions that may be open at the same time; at least 1. */
  readonly parallel: number;
  readonly modes: readonly WriteMode[];
  /**
   * True: `commit` and `finish` return once everything is handed over. `acknowledged` tells when rows of a commit are
   * durable, and only `drain` that finished streams are; before that the engine keeps no checkpoint. Only for destinations
   * that are not transactional, with `parallel` 1. `drain` then exists.
   */
  readonly acknowledgesLater?: boolean | undefined;
}

/** What becomes of the rows already there. The dedup modes keep one row for each primary key. */
export type WriteMode = "append" | "overwrite" | "append_dedup" | "overwrite_dedup";

/** One stream as the destination sees it, fixed for an attempt. */
export interface StreamPlan {
  /** Stream key at the source. */
  readonly key: string;
  /** Where the rows go, after namespace and prefix rules. `namespace` absent: the destination's default. */
  readonly table: { readonly namespace?: string | undefined; readonly name: string };
  /** Selected fields in order; never the `_airbyte_` columns. */
  readonly fields: readonly Field[];
  /** Names of top-level fields. Empty: no key is known. */
  readonly primaryKey: readonly string[];
  readonly cursor?: string | undefined;
  readonly mode: WriteMode;
  readonly generation: number;
  /** Rows of generations below this disappear when the stream is finished. */
  readonly minimumGeneration: number;
  /** True when nothing of this generation's load may be kept from before: rows staged earlier go in `begin`. */
  readonly fresh: boolean;
  /** Keep the source's own column types where the destination has them. */
  readonly nativeTypes: boolean;
}

export interface BeginRequest {
  readonly token: FencingToken;
  readonly streams: readonly StreamPlan[];
  /** Stored in the transaction that takes the fence and empties staging: what is dropped must not be gone on from. */
  readonly checkpoints: readonly StoredCheckpoint[];
}

/** A change made to a table in `begin`, for the result: `orders: added column note (varchar)`. */
export type SchemaNote = string;

export interface MissingColumns {
  /** Stream key. */
  readonly stream: string;
  /** Names of fields, not of columns. */
  readonly fields: readonly string[];
}

export interface DestinationSession {
  readonly capabilities: DestinationCapabilities;
  /** What the connection's last commits left; it wins over any local copy. Works before anything of Weir exists there. */
  held(): Promise<Held>;
  /**
   * Takes the fence (fails with `destination.fenced` when the held token is greater) and makes or evolves the tables:
   * new columns added, missing ones kept, types widened where possible. Idempotent. Fails with
   * `destination.names_collide` when two streams fold to one table. A failure that carries the `stream` of one of the
   * plans says that only this one cannot be begun: `begin` is called again with the same token for the others. Notes of
   * changes a failed call has made are given by the call that passes.
   */
  begin(request: BeginRequest): Promise<readonly SchemaNote[]>;
  /**
   * Keys of the streams whose table is not there. Asked before `begin`, about streams that go on from a checkpoint: a
   * table somebody dropped must be read again from the start. Absent: the destination cannot tell.
   */
  missing?(streams: readonly StreamPlan[]): Promise<readonly string[]>;
  /**
   * Fields without a column in a table that is there; streams that lack none may be left out. Asked before `begin`, about
   * streams that go on from a checkpoint and with the fields it knows: `begin` adds such a column, NULL in the rows
   * already there, which the user must be told. Absent: the destination cannot tell.
   */
  missingColumns?(streams: readonly StreamPlan[]): Promise<readonly MissingColumns[]>;
  /** The encodings for a stream, after `begin`; `batch` is always among them. */
  takes(stream: StreamPlan): readonly Encoding[];
  /** Opens a transaction. The engine never opens more than `capabilities.parallel`, message sessions apart. */
  transaction(signal: AbortSignal): Promise<LoadTransaction>;
  /**
   * Makes the stream's generation visible and complete, and stores its checkpoint, in one transaction that compares the
   * token: overwrite swaps, dedup merges, rows below `minimumGeneration` go, `overlap` keeps the newest row of each key
   * among rows of this load (those whose sync is at least `since`).
   */
  finish(request: FinishRequest): Promise<void>;
  /**
   * Called once, when every stream of the attempt is finished or has failed, before `held` and `close`: returns when all
   * that was handed over is durable, acknowledged and visible, fails when some of it is not. A commit after it holds no
   * rows and needs nothing of the destination.
   */
  drain?(signal: AbortSignal): Promise<void>;
  /** Replaces or (document null) removes checkpoints outside a sync: `state reset`. */
  reset(
    checkpoints: readonly { readonly stream: string; readonly document: JsonObject | null }[],
  ): Promise<void>;
  /** Rows and key checksum of what a reader of the table sees, for `verify`. */
  measure(stream: StreamPlan, request: MeasureRequest): Promise<Measure>;
  /** Called once, also after a failure or an abort; frees everything, never throws. */
  close(): Promise<void>;
}

export interface FinishRequest {
  readonly stream: StreamPlan;
  readonly checkpoint: StoredCheckpoint;
  readonly overlap: boolean;
  /** Number of the sync in which this load of the generation began. */
  readonly since: number;
  readonly signal: AbortSignal;
}

/** What each row gets beside its fields. Raw ids are unique, and within one stream later loads sort after earlier ones. */
export interface RowMeta {
  /**
   * First 28 characters of a UUIDv7-shaped text; the loader appends its row counter as eight hex digits, from 0. Where
   * the rows of a load have no order and counting them costs, it keeps the first 19 and draws the other 62 bits.
   */
  readonly rawIdPrefix: string;
  /** Milliseconds since 1970; `_airbyte_extracted_at` unless the batch says otherwise. */
  readonly extractedAt: number;
  readonly generation: number;
  readonly sync: number;
}

export interface LoadRequest {
  readonly stream: StreamPlan;
  readonly encoding: Encoding;
  readonly read: PartRead;
  readonly meta: RowMeta;
  /** Takes one rejected row; awaited, so that a flood of rejects is slowed down. */
  reject(row: RejectedRow): Promise<void>;
  /** Called every few thousand rows or few megabytes with what came since the last call. */
  progress(rows: number, bytes: number): void;
  readonly signal: AbortSignal;
}

export interface LoadResult {
  /** Rows that arrived. */
  readonly received: number;
  /** Rows the destination's own commands report as written. */
  readonly written: number;
  readonly rejected: number;
  /** Rows with at least one entry in `_airbyte_meta.changes`. */
  readonly changed: number;
  readonly bytes: number;
}

/**
 * One database transaction. `load` may be called several times, one after the other, for the same or several streams.
 * A `load` that throws leaves only `rollback` to call. An error with recovery `skip` says that the data does not fit the
 * byte route; for `batch` loads misfits become NULL with a change, and rows that cannot be written go to `reject`.
 */
export interface LoadTransaction {
  load(request: LoadRequest): Promise<LoadResult>;
  /** Compares the token, writes the checkpoints and commits, all or nothing; returns when it is durable. */
  commit(checkpoints: readonly StoredCheckpoint[]): Promise<void>;
  /** Never throws; harmless after commit. */
  rollback(): Promise<void>;
}
