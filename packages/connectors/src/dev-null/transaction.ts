import type { LoadRequest, LoadResult, LoadTransaction, StreamPlan } from "@weir/protocol";
import { rowCounter } from "./count-rows.ts";
import type { ChecksumKind, Tally } from "./tally.ts";
import { addBatch, newTally, resultOf } from "./tally.ts";

/** Counts what is loaded; `commit` hands the tallies over, `rollback` forgets them. */
export function nullTransaction(
  kind: ChecksumKind,
  committed: (stream: StreamPlan, tally: Tally) => void,
): LoadTransaction {
  let loads: { readonly stream: StreamPlan; readonly tally: Tally }[] = [];
  return {
    load: async (request) => {
      const tally = newTally(request.stream, kind);
      const result =
        request.read.form === "bytes"
          ? await countBytes(request, request.read.chunks, tally)
          : await countBatches(request, request.read.chunks, tally);
      loads.push({ stream: request.stream, tally });
      return result;
    },
    commit: async () => {
      for (const { stream, tally } of loads) committed(stream, tally);
      loads = [];
    },
    rollback: async () => {
      loads = [];
    },
  };
}

type Chunks<Form extends "bytes" | "batches"> = Extract<LoadRequest["read"], { form: Form }>["chunks"];

async function countBatches(
  request: LoadRequest,
  chunks: Chunks<"batches">,
  tally: Tally,
): Promise<LoadResult> {
  let changed = 0;
  for await (const batch of chunks) {
    request.signal.throwIfAborted();
    addBatch(tally, batch);
    changed += batch.changes?.size ?? 0;
    request.progress(batch.rows, batch.bytes);
  }
  return resultOf(tally, changed);
}

async function countBytes(request: LoadRequest, chunks: Chunks<"bytes">, tally: Tally): Promise<LoadResult> {
  const { format } = request.encoding;
  if (format === "batch") throw new TypeError("An encoding of batches came with bytes.");
  const counter = rowCounter(format);
  for await (const chunk of chunks) {
    request.signal.throwIfAborted();
    const before = counter.rows;
    counter.add(chunk);
    tally.bytes += chunk.length;
    request.progress(counter.rows - before, chunk.length);
  }
  tally.rows = counter.end();
  return resultOf(tally, 0);
}
