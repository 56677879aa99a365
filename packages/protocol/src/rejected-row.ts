import type { JsonValue } from "./json.ts";

/** A row that could not be written, or not even read. */
export interface RejectedRow {
  /** The row's fields, as JSON; where they cannot be told, its text and place. */
  readonly record: JsonValue;
  readonly code: string;
  readonly reason: string;
}
