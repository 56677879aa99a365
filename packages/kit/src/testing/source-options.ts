import type { JsonValue } from "@weir/protocol";
import type { Faults } from "./faults.ts";
import type { MemoryStream } from "./stream.ts";

export interface MemorySourceOptions {
  readonly streams: readonly MemoryStream[];
  /** `parts`, or messages with states of the form named. */
  readonly session?: "parts" | "STREAM" | "GLOBAL" | "LEGACY";
  /** Rows of a part, or between two states. */
  readonly partRows?: number;
  readonly batchRows?: number;
  /** Parts of a stream read at the same time. */
  readonly parallel?: number;
  /** Parts can be given as `csv` too. */
  readonly csv?: boolean;
  /** A resumed full read first gives all rows once more, as a part that overlaps. */
  readonly overlapOnResume?: boolean;
  /** Why a stream cannot go on from a state; undefined when it can. */
  readonly refuseState?: (stream: string, state: JsonValue | null) => string | undefined;
  readonly faults?: Faults;
}
