import type { JsonValue } from "./json.ts";
import type { RejectedRow } from "./rejected-row.ts";

/** Why a value of a record is not what the source held. Airbyte's `meta.changes` entry. */
export interface Change {
  readonly field: string;
  readonly change: "NULLED" | "TRUNCATED";
  readonly reason: ChangeReason;
}

export type ChangeReason =
  | "SOURCE_RECORD_SIZE_LIMITATION"
  | "SOURCE_FIELD_SIZE_LIMITATION"
  | "SOURCE_SERIALIZATION_ERROR"
  | "SOURCE_RETRIEVAL_ERROR"
  | "PLATFORM_RECORD_SIZE_LIMITATION"
  | "PLATFORM_FIELD_SIZE_LIMITATION"
  | "PLATFORM_SERIALIZATION_ERROR"
  | "DESTINATION_RECORD_SIZE_LIMITATION"
  | "DESTINATION_FIELD_SIZE_LIMITATION"
  | "DESTINATION_SERIALIZATION_ERROR"
  | "DESTINATION_TYPECAST_ERROR";

/**
 * One column of a batch. The form says how values lie in memory; the field's kind (field.ts) says what they mean:
 * - `boolean`: 0 or 1.
 * - `int64`: integers; days since 1970-01-01 for `date`; microseconds since 1970-01-01 (UTC, or wall clock without
 *   a zone) for timestamps; microseconds since midnight for `time_without_timezone`.
 * - `float64`: doubles, for `number`.
 * - `text`: canonical text (encoding.ts) of any kind; `null` is NULL.
 * - `json`: values as JSON.parse or parseJson gives them, of any kind, unchecked; `null` and `undefined` are NULL.
 * In the first three forms `nulls[i] === 1` marks NULL; absent means there is none.
 */
export type Column =
  | { readonly form: "boolean"; readonly values: Uint8Array; readonly nulls?: Uint8Array | undefined }
  | { readonly form: "int64"; readonly values: BigInt64Array; readonly nulls?: Uint8Array | undefined }
  | { readonly form: "float64"; readonly values: Float64Array; readonly nulls?: Uint8Array | undefined }
  | { readonly form: "text"; readonly values: readonly (string | null)[] }
  | { readonly form: "json"; readonly values: readonly (JsonValue | undefined)[] };

/** Rows side by side, columns in the order of the encoding asked for. Arrays may be longer than `rows`. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Estimate of the bytes held, for limits and statistics. */
  readonly bytes: number;
  /** Milliseconds since 1970 for each row, where the source says when it read a row; else the load's own time holds. */
  readonly emittedAt?: Float64Array | undefined;
  /** Changes the source or the engine already made, by row. */
  readonly changes?: ReadonlyMap<number, readonly Change[]> | undefined;
  /**
   * Rows the source met and could not understand, with where they lie: not among `rows`, but counted by the read's
   * `rows()`. The engine sets them aside; a destination never sees them.
   */
  readonly rejected?: readonly RejectedRow[] | undefined;
}
