import type { Change, Column, ColumnBatch, StreamPlan } from "@weir/protocol";

/** Fields by which the stream's rows are merged; none where rows are only added. */
export function mergeFields({ mode, primaryKey }: StreamPlan): ReadonlySet<string> {
  return new Set(mode.endsWith("_dedup") ? primaryKey : []);
}

/** Whether a key field's value is not the source's own: such rows would all be one row after a merge. */
export function isUnfit(changes: readonly Change[], key: ReadonlySet<string>): boolean {
  return changes.some(({ field }) => key.has(field));
}

/** The batch without some of its rows. */
export function withoutRows(batch: ColumnBatch, dropped: ReadonlySet<number>): ColumnBatch {
  const kept = Array.from({ length: batch.rows }, (_, row) => row).filter((row) => !dropped.has(row));
  const { emittedAt, changes } = batch;
  return {
    rows: kept.length,
    columns: batch.columns.map((column) => picked(column, kept)),
    bytes: batch.bytes,
    emittedAt: emittedAt === undefined ? undefined : Float64Array.from(kept, (row) => emittedAt[row] ?? 0),
    changes: new Map(
      kept.flatMap((row, index) => {
        const own = changes?.get(row);
        return own === undefined ? [] : [[index, own] as const];
      }),
    ),
  };
}

function picked(column: Column, kept: readonly number[]): Column {
  switch (column.form) {
    case "text":
      return { form: "text", values: kept.map((row) => column.values[row] ?? null) };
    case "json":
      return { form: "json", values: kept.map((row) => column.values[row]) };
    case "boolean":
      return {
        form: "boolean",
        values: Uint8Array.from(kept, (row) => column.values[row] ?? 0),
        nulls: pickedNulls(column.nulls, kept),
      };
    case "int64":
      return {
        form: "int64",
        values: BigInt64Array.from(kept, (row) => column.values[row] ?? 0n),
        nulls: pickedNulls(column.nulls, kept),
      };
    case "float64":
      return {
        form: "float64",
        values: Float64Array.from(kept, (row) => column.values[row] ?? 0),
        nulls: pickedNulls(column.nulls, kept),
      };
  }
}

function pickedNulls(nulls: Uint8Array | undefined, kept: readonly number[]): Uint8Array | undefined {
  return nulls === undefined ? undefined : Uint8Array.from(kept, (row) => nulls[row] ?? 0);
}
