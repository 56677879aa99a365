import type { Change, DestinationSyncMode, JsonObject, StreamDescriptor } from "@weir/protocol";
import type { Subject } from "../spec-and-check.ts";

/** A destination under test. Nothing of an earlier run may be there. */
export interface DestinationSubject extends Subject {
  readonly behaviour: DestinationBehaviour;
  /**
   * What a reader of the stream's table sees; undefined where there is no such table. Absent: nothing can be read back,
   * and rows that must be are not applicable.
   */
  readonly dump?: ((stream: StreamDescriptor) => Promise<readonly DumpedRow[] | undefined>) | undefined;
  /** The column of a field; the field's own name where it is absent. */
  readonly columnOf?: ((field: string) => string) | undefined;
  /** The one connection a destination takes, where it takes only one. */
  readonly connection?: string | undefined;
  /** Removes what a row has written, where the next one would stumble over it. */
  readonly clean?: (() => Promise<void>) | undefined;
  /** Table and columns of hard names as they were recorded: `{ "<stream>": ["<column>", …] }`. */
  readonly identifiers?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** How a destination says that it behaves where destinations may differ. */
export interface DestinationBehaviour {
  readonly modes: readonly Extract<DestinationSyncMode, "append" | "overwrite" | "append_dedup">[];
  /** Rows marked as deleted (`_ab_cdc_deleted_at`) go when they are merged, or stay as any other. */
  readonly deletes: "hard" | "none";
  /** Whether rows of a truncating load are seen before it is complete, by its mode. */
  readonly showsEarly: readonly DestinationSyncMode[];
  /** What becomes of integers beyond 64 bits, and of NUL in a text: kept, or changed and marked so. */
  readonly largeIntegers: "kept" | "marked";
  readonly longDecimals: "kept" | "marked";
  readonly nul: "kept" | "marked";
}

/** A row as the dumper finds it. Values may be JSON or the system's text; they are compared by what they mean. */
export interface DumpedRow {
  readonly rawId: string;
  /** Milliseconds since 1970. */
  readonly extractedAt: number;
  readonly generation: number;
  readonly sync: number;
  readonly changes: readonly Change[];
  /** By column. */
  readonly data: JsonObject;
}
