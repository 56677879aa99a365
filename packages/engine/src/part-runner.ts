import type { Encoding, LoadResult, LoadTransaction, Part, RowMeta, StreamReader } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import { rowMeta } from "./attempt-context.ts";
import { sameJson } from "./compare.ts";
import type { PartRejects } from "./dead-letters.ts";
import { storeStream } from "./document.ts";
import { commitOr, loadRead, rollBack, sealOr, watched } from "./load.ts";
import type { Route } from "./route.ts";
import { chooseRoute } from "./route.ts";
import { Slots } from "./slots.ts";
import type { StreamRun } from "./stream-run.ts";

/** A part loaded into a transaction that waits for its turn to commit. */
interface LoadedPart {
  readonly transaction: LoadTransaction;
  readonly result: LoadResult;
  readonly rejects: PartRejects;
  readonly encoding: Encoding;
}

interface PartWork {
  readonly attempt: AttemptContext;
  readonly run: StreamRun;
  readonly part: Part;
  readonly route: Route;
  /** Taken in the order of the parts and kept over a replay: later parts' rows sort after earlier ones'. */
  readonly meta: RowMeta;
  /** Settles when the part before has committed, or not. */
  readonly before: Promise<void>;
  readonly signal: AbortSignal;
}

interface Job {
  readonly done: Promise<void>;
  readonly stop: AbortController;
}

/** Moves all parts of a stream; several load at once, they commit in order. [I2] */
export async function runParts(attempt: AttemptContext, run: StreamRun, reader: StreamReader): Promise<void> {
  const route = chooseRoute(attempt.session, run.planned.plan, reader);
  attempt.emit({
    type: "stream-started",
    stream: run.key,
    table: run.table,
    route: route.first.format,
    ...reader.estimate,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([attempt.signal, stop.signal]);
  const own = new Slots(reader.parallel);
  const jobs: Job[] = [];
  const parts = watched(reader.parts(signal), attempt.watchdog, run.key);
  let failure: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      const release = await takeBoth(own, attempt.slots, signal);
      const next = await parts.next().catch((error: unknown) => {
        release();
        throw error;
      });
      if (next.done === true || signal.aborted) {
        release();
        break;
      }
      jobs.push(startPart({ attempt, run, part: next.value, route, stop, jobs, release }));
    }
  } catch (error) {
    failure = { error };
  }
  // What was read before a failure still commits, in order; its successors were stopped.
  const ended = await Promise.allSettled(jobs.map(({ done }) => done));
  await parts.return(undefined);
  const broken = ended.find((each) => each.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  if (failure !== undefined) throw failure.error;
}

/** Slots come before the part is asked for: a source is never asked while nobody could take its answer. */
async function takeBoth(own: Slots, all: Slots, signal: AbortSignal): Promise<() => void> {
  const releaseOwn = await own.take(signal);
  try {
    const release = await all.take(signal);
    return () => {
      release();
      releaseOwn();
    };
  } catch (error) {
    releaseOwn();
    throw error;
  }
}

interface PartStart extends Pick<PartWork, "attempt" | "run" | "part" | "route"> {
  /** Ends the reading of further parts. */
  readonly stop: AbortController;
  readonly jobs: readonly Job[];
  readonly release: () => void;
}

/** A part that fails stops those after it and leaves those before it alone. */
function startPart({ attempt, run, part, route, stop, jobs, release }: PartStart): Job {
  const at = jobs.length;
  const before = jobs[at - 1]?.done ?? Promise.resolve();
  const own = new AbortController();
  const signal = AbortSignal.any([attempt.signal, own.signal]);
  const done = movePart({ attempt, run, part, route, meta: rowMeta(attempt, run), before, signal })
    .catch((error: unknown) => {
      stop.abort(error);
      for (const later of jobs.slice(at + 1)) later.stop.abort(error);
      throw error;
    })
    .finally(release);
  done.catch(() => undefined);
  return { done, stop: own };
}

async function movePart(work: PartWork): Promise<void> {
  const loaded = await loadPart(work);
  try {
    await work.before;
    work.signal.throwIfAborted();
  } catch (error) {
    await letGo(work.attempt, loaded.transaction, loaded.rejects);
    throw error;
  }
  await commitPart(work, loaded);
}

/** Through the cheapest route; what it refuses, through the typed one. [I7] */
async function loadPart(work: PartWork): Promise<LoadedPart> {
  const { first, batch } = work.route;
  try {
    return await loadBy(work, first);
  } catch (error) {
    const replayable =
      error instanceof WeirError && error.failure.recovery === "skip" && first.format !== "batch";
    if (!replayable || work.signal.aborted) throw error;
    work.attempt.emit({ type: "replay", stream: work.run.key, part: work.part.id, failure: error.failure });
    return loadBy(work, batch);
  }
}

async function loadBy(work: PartWork, encoding: Encoding): Promise<LoadedPart> {
  const { attempt, run, part, meta, signal } = work;
  const { sync, attempt: number } = attempt.token;
  const rejects = attempt.deadLetters.part(run.key, sync, number, part.id);
  const transaction = await attempt.watchdog.during("destination", "begin", () =>
    attempt.session.transaction(signal),
  );
  try {
    const read = part.read(encoding, signal);
    const result = await loadRead({ attempt, run, transaction, encoding, read, meta, rejects, signal });
    return { transaction, result, rejects, encoding };
  } catch (error) {
    await letGo(attempt, transaction, rejects);
    throw error;
  }
}

async function commitPart(work: PartWork, loaded: LoadedPart): Promise<void> {
  const { attempt, run, part } = work;
  const { transaction, result, rejects } = loaded;
  if (result.received === 0 && !part.overlap && sameJson(part.state, run.document.state)) {
    await rollBack(attempt, transaction);
    return;
  }
  const file = await sealOr(attempt, rejects, transaction);
  const document = run.documentAfter(part.state, part.overlap, result, file === undefined ? [] : [file]);
  // A commit that fails may have happened: the reject file stays as it is and the next start decides.
  await commitOr(attempt, transaction, [storeStream(run.key, document)]);
  run.committed(document, result, loaded.encoding.format);
  await rejects.publish();
  run.move("part committed");
  if (!attempt.acknowledgesLater)
    attempt.emit({ type: "checkpoint", stream: run.key, rows: document.counts });
}

async function letGo(
  attempt: AttemptContext,
  transaction: LoadTransaction,
  rejects: PartRejects,
): Promise<void> {
  await rollBack(attempt, transaction);
  await rejects.discard();
}
