import type { JsonObject, WriteMode } from "@weir/protocol";
import type { Faults } from "./faults.ts";

export interface MemoryDestinationOptions {
  /** False: rows are visible when they are loaded, checkpoints are not kept. */
  readonly transactional?: boolean;
  readonly parallel?: number;
  readonly modes?: readonly WriteMode[];
  /** Takes `csv` too, at a quarter of the cost of batches. */
  readonly csv?: boolean;
  /** Why a row cannot be written; undefined when it can. */
  readonly refuses?: (row: JsonObject) => string | undefined;
  readonly faults?: Faults;
}
