import type {
  ColumnBatch,
  Encoding,
  LoadResult,
  LoadTransaction,
  PartRead,
  RowMeta,
  StoredCheckpoint,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import type { PartRejects } from "./dead-letters.ts";
import type { StreamRun } from "./stream-run.ts";
import type { Pending, Watchdog } from "./watchdog.ts";

export interface LoadInput {
  readonly attempt: AttemptContext;
  readonly run: StreamRun;
  readonly transaction: LoadTransaction;
  readonly encoding: Encoding;
  readonly read: PartRead;
  readonly meta: RowMeta;
  readonly rejects: PartRejects;
  /** Rows already in `rejects` from earlier loads of the same transaction. */
  readonly rejectedBefore?: number;
  readonly signal: AbortSignal;
}

/** Loads one read into an open transaction and proves the counts. [I3] */
export async function loadRead(input: LoadInput): Promise<LoadResult> {
  const { attempt, run, encoding, read } = input;
  const pending = attempt.watchdog.begin("destination", `load ${run.key}`);
  const seen: Seen = { rejected: 0, isOver: false };
  const loaded = await input.transaction
    .load({
      stream: run.planned.plan,
      encoding,
      read: withoutRejected(
        watchedRead(read, { watchdog: attempt.watchdog, stream: run.key, load: pending, seen }),
        input.rejects,
        seen,
      ),
      meta: input.meta,
      reject: (row) => input.rejects.add(row),
      progress: (rows, bytes) => attempt.emit({ type: "progress", stream: run.key, rows, bytes }),
      signal: input.signal,
    })
    .finally(() => pending.end());
  const result = {
    ...loaded,
    received: loaded.received + seen.rejected,
    rejected: loaded.rejected + seen.rejected,
  };
  // Before the end the source's count means nothing: nothing arrived of nothing counted would pass for an empty part.
  if (!seen.isOver) throw endedEarly(run.key);
  const counted = read.rows();
  const kept = input.rejects.count - (input.rejectedBefore ?? 0);
  if (
    result.received !== counted ||
    result.received !== result.written + result.rejected ||
    result.rejected !== kept
  ) {
    throw countMismatch(run.key, counted, result);
  }
  return result;
}

function countMismatch(stream: string, read: number, result: LoadResult): WeirError {
  return new WeirError({
    code: "engine.count_mismatch",
    message: `Stream ${stream}: the source counted ${read} rows, ${result.received} arrived, ${result.written} were written, ${result.rejected} set aside.`,
    next: "Nothing of this part was committed. Run again; if it repeats, report it with the connectors' versions.",
    recovery: "stop",
    origin: "engine",
    stream,
  });
}

function endedEarly(stream: string): WeirError {
  return new WeirError({
    code: "engine.read_unfinished",
    message: `Stream ${stream}: the destination called a part loaded before the source had come to its end.`,
    next: "Nothing: no row of this part was committed, and it is read again. If it repeats, report it with the connectors' versions.",
    recovery: "retry",
    origin: "engine",
    stream,
  });
}

/** Of a read, while a destination takes it. */
interface Seen {
  /** Rows that the source could not understand. */
  rejected: number;
  /** The source has come to its end. */
  isOver: boolean;
}

interface Watching {
  readonly watchdog: Watchdog;
  readonly stream: string;
  readonly load: Pending;
  readonly seen: Seen;
}

function watchedRead(read: PartRead, watching: Watching): PartRead {
  const rows = (): number => read.rows();
  return read.form === "bytes"
    ? { ...read, chunks: toTheEnd<Uint8Array>(read.chunks, watching), rows }
    : { form: "batches", chunks: toTheEnd<ColumnBatch>(read.chunks, watching), rows };
}

async function* toTheEnd<T>(chunks: AsyncIterable<T>, watching: Watching): AsyncGenerator<T> {
  yield* watched(chunks, watching.watchdog, watching.stream, watching.load);
  watching.seen.isOver = true;
}

/** Sets aside what the source could not understand; the destination gets the rest, and counts without it. */
function withoutRejected(read: PartRead, rejects: PartRejects, seen: Seen): PartRead {
  if (read.form === "bytes") return read;
  async function* chunks(batches: AsyncIterable<ColumnBatch>): AsyncGenerator<ColumnBatch> {
    for await (const { rejected = [], ...batch } of batches) {
      for (const row of rejected) await rejects.add(row);
      seen.rejected += rejected.length;
      yield batch;
    }
  }
  return { form: "batches", chunks: chunks(read.chunks), rows: () => read.rows() - seen.rejected };
}

/** Only the time the source is asked and has not answered counts as its silence, and not as the destination's. */
export async function* watched<T>(
  chunks: AsyncIterable<T>,
  watchdog: Watchdog,
  what: string,
  load?: Pending,
): AsyncGenerator<T> {
  const iterator = chunks[Symbol.asyncIterator]();
  let over = false;
  try {
    for (;;) {
      load?.pause();
      const item = await watchdog.during("source", what, () => iterator.next());
      load?.resume();
      if (item.done === true) {
        over = true;
        return;
      }
      yield item.value;
    }
  } finally {
    if (!over) await watchdog.during("source", what, async () => iterator.return?.());
  }
}

export async function rollBack(attempt: AttemptContext, transaction: LoadTransaction): Promise<void> {
  await attempt.watchdog.during("destination", "rollback", () => transaction.rollback());
}

/** Commits, and rolls back what a failed commit left open. */
export async function commitOr(
  attempt: AttemptContext,
  transaction: LoadTransaction,
  checkpoints: readonly StoredCheckpoint[],
): Promise<void> {
  try {
    await attempt.watchdog.during("destination", "commit", () => transaction.commit(checkpoints));
  } catch (error) {
    await rollBack(attempt, transaction);
    throw error;
  }
  await attempt.remember(checkpoints);
}

export async function sealOr(
  attempt: AttemptContext,
  rejects: PartRejects,
  transaction: LoadTransaction,
): Promise<string | undefined> {
  try {
    return await rejects.seal();
  } catch (error) {
    await rollBack(attempt, transaction);
    throw error;
  }
}
