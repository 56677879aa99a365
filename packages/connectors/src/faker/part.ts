import { setImmediate } from "node:timers/promises";
import type { ColumnBatch, Encoding, Part } from "@weir/protocol";
import type { FakerState } from "./state.ts";
import { columnsFor, type Generator } from "./generator.ts";

/** Fits the second-level cache: 17 columns of 2048 rows are 700 kB; at 16,384 rows a core makes a third less. */
const BATCH_ROWS = 2048;

/** Rows `from` to below `to`. Reading it again gives the same rows. */
export function partOf(generator: Generator, from: number, to: number, state: FakerState): Part {
  return {
    id: `${from}-${to}`,
    state: { ...state },
    overlap: false,
    read: (encoding, signal) => {
      let read = 0;
      async function* chunks(): AsyncGenerator<ColumnBatch> {
        for (const batch of batchesOf(generator, {
          from,
          to,
          fields: encoding.columns.map(({ field }) => field),
        })) {
          // Without a turn of the event loop neither timers nor signals would be heard until the part ends.
          await setImmediate();
          signal.throwIfAborted();
          read += batch.rows;
          yield batch;
        }
      }
      return { form: "batches", chunks: chunks(), rows: () => read };
    },
  };
}

export interface RowRange {
  readonly from: number;
  readonly to: number;
  readonly fields: readonly Encoding["columns"][number]["field"][];
}

export function* batchesOf(
  generator: Generator,
  { from, to, fields }: RowRange,
): IterableIterator<ColumnBatch> {
  const makers = columnsFor(generator, fields);
  const rowBytes = (generator.rowBytes * fields.length) / generator.made.length;
  for (let start = from; start < to; start += BATCH_ROWS) {
    const rows = Math.min(BATCH_ROWS, to - start);
    yield { rows, columns: makers.map((make) => make(start, rows)), bytes: Math.ceil(rows * rowBytes) };
  }
}
