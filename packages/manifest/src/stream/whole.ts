import type { JsonObject } from "@weir/protocol";
import type { Slice } from "../components/requester/contract.ts";
import type { StreamReading, StreamSlice } from "../components/stream/contract.ts";
import { NO_STATE } from "./no-state.ts";
import type { StreamParts } from "./parts.ts";
import { recordsOf, WHOLE } from "./parts.ts";

/** Reads a stream that is not read incrementally: its state says only that it was read. */
export function wholeReading(parts: StreamParts): StreamReading {
  const router = parts.router?.open({ state: parts.state });
  const sliceOf = (slice: Slice): StreamSlice => ({
    slice,
    records: (signal) => recordsOf(parts, slice, null, signal),
    observe: () => {},
    close: () => false,
  });
  return {
    isRestarted: false,
    async *slices(signal) {
      if (router === undefined) yield sliceOf(WHOLE);
      else for await (const slice of router.partitions(signal)) yield sliceOf(slice);
    },
    finish: () => {},
    state: (): JsonObject => ({ [NO_STATE]: true }),
  };
}
