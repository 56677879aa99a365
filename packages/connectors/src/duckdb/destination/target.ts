import type { Field, StreamPlan } from "@weir/protocol";
import type { RowRule } from "./rules.ts";
import type { TableName } from "./sql.ts";
import type { ColumnType } from "./types.ts";

/** A field and the column it goes to. */
export interface TargetColumn {
  readonly field: Field;
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * What `finish` does: nothing but tidying, replacing the final table, merging into it, or, where the user put
 * constraints or indexes on it, exchanging its rows.
 */
export type Ending = "append" | "swap" | "merge" | "refill";

/** Where a stream's rows go, as `begin` made it. */
export interface Target {
  readonly plan: StreamPlan;
  readonly final: TableName;
  /** Where parts write: the final table itself when the ending is `append`, else a staging table. */
  readonly load: TableName;
  /** The statement that takes a load's SELECT, Weir's columns first, then the target's; absent: INSERT into `load`. */
  readonly into?: ((select: string) => string) | undefined;
  readonly ending: Ending;
  /** `rowid`, or what stands for it where a column of the user's has that name. */
  readonly rowId: string;
  /** The final table is known to hold one row for each key. */
  readonly isKeyed: boolean;
  /** One for each field of the plan, in its order. */
  readonly columns: readonly TargetColumn[];
  /** What the table may refuse rows for; where there is anything, rows are asked before they are written. */
  readonly rules: readonly RowRule[];
  /** Of the final table's columns, where there are rules. */
  readonly defaults: readonly { readonly name: string; readonly sql: string }[];
}
