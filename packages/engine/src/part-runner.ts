import type { Encoding, LoadResult, LoadTransaction, Part } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import { sameJson } from "./compare.ts";
import type { PartRejects } from "./dead-letters.ts";
import { storeStream } from "./document.ts";
import { commitOr, loadRead, sealOr, watched } from "./load.ts";
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

/** Moves all parts of a stream; several load at once, they commit in order. [I2] */
export async function runParts(attempt: AttemptContext, run: StreamRun): Promise<void> {
  const { reader } = run;
  if (reader === undefined) throw new Error(`No reader for ${run.key}`);
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
  const jobs: Promise<void>[] = [];
  let turn: Promise<void> = Promise.resolve();
  try {
    for await (const part of watched(reader.parts(signal), attempt.watchdog, run.key)) {
      const releaseOwn = await own.take(signal);
      const release = await attempt.slots.take(signal).catch((error: unknown) => {
        releaseOwn();
        throw error;
      });
      const before = turn;
      const job = movePart({ attempt, run, part, route, before, signal }).finally(() => {
        release();
        releaseOwn();
      });
      job.catch((error: unknown) => stop.abort(error));
      turn = job;
      jobs.push(job);
    }
    await Promise.all(jobs);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(jobs);
    // The first failure aborts the others: it is the one to report.
    throw stop.signal.reason ?? error;
  }
}

interface PartWork {
  readonly attempt: AttemptContext;
  readonly run: StreamRun;
  readonly part: Part;
  readonly route: Route;
  readonly before: Promise<void>;
  readonly signal: AbortSignal;
}

async function movePart(work: PartWork): Promise<void> {
  const loaded = await loadPart(work);
  try {
    await work.before;
    work.signal.throwIfAborted();
  } catch (error) {
    await letGo(loaded.transaction, loaded.rejects);
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
  const { attempt, run, part, signal } = work;
  const { sync, attempt: number } = attempt.token;
  const rejects = attempt.deadLetters.part(run.key, sync, number, part.id);
  const transaction = await attempt.watchdog.during("destination", "begin", () =>
    attempt.session.transaction(signal),
  );
  try {
    const read = part.read(encoding, signal);
    const result = await loadRead({ attempt, run, transaction, encoding, read, rejects, signal });
    return { transaction, result, rejects, encoding };
  } catch (error) {
    await letGo(transaction, rejects);
    throw error;
  }
}

async function commitPart(work: PartWork, loaded: LoadedPart): Promise<void> {
  const { attempt, run, part } = work;
  const { transaction, result, rejects } = loaded;
  if (result.received === 0 && !part.overlap && sameJson(part.state, run.document.state)) {
    await transaction.rollback();
    return;
  }
  const file = await sealOr(rejects, transaction);
  const document = run.documentAfter(part.state, part.overlap, result, file === undefined ? [] : [file]);
  // A commit that fails may have happened: the reject file stays as it is and the next start decides.
  await commitOr(attempt, transaction, [storeStream(run.key, document)]);
  run.committed(document, result, loaded.encoding.format);
  await rejects.publish();
  run.move("part committed");
  attempt.emit({ type: "checkpoint", stream: run.key, rows: document.counts });
}

async function letGo(transaction: LoadTransaction, rejects: PartRejects): Promise<void> {
  await transaction.rollback();
  await rejects.discard();
}
