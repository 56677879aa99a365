import type { Cursor } from "../components/cursor/contract.ts";
import type { StreamReading } from "../components/stream/contract.ts";
import type { StreamParts } from "./parts.ts";
import { recordsOf, WHOLE } from "./parts.ts";

/** Reads a stream without partitions slice after slice. */
export function sequentialReading(parts: StreamParts, cursor: Cursor): StreamReading {
  const read = cursor.begin(parts.state, { field: parts.cursorField });
  return {
    isRestarted: false,
    async *slices() {
      for (const borders of read.slices()) {
        const slice = { ...WHOLE, cursor: borders };
        yield {
          slice,
          records: (signal) => recordsOf(parts, slice, read, signal),
          observe: (record) => read.observe(record, slice),
          close: () => {
            read.close(slice);
            return true;
          },
        };
      }
    },
    finish: () => {},
    state: () => read.state(),
  };
}
