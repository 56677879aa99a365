import type { AttemptContext } from "./attempt-context.ts";
import { storeStream } from "./document.ts";
import type { StreamRun } from "./stream-run.ts";
import { verifyStream } from "./verify.ts";

/** Makes a stream that was read to its end visible and complete. [I6] */
export async function finishStream(attempt: AttemptContext, run: StreamRun): Promise<void> {
  // [I11] A reader may answer an abort by ending its stream: that is no end.
  attempt.signal.throwIfAborted();
  if (run.state === "loading") run.move("read to the end");
  if (run.document.phase !== "complete") {
    const document = run.documentFinished(attempt.token.sync);
    const { overlap, since } = run.document;
    const checkpoint = storeStream(run.key, document);
    await attempt.watchdog.during("destination", `finish ${run.key}`, () =>
      attempt.session.finish({
        stream: run.planned.plan,
        checkpoint,
        overlap,
        since,
        signal: attempt.signal,
      }),
    );
    run.document = document;
    await attempt.remember([checkpoint]);
    if (attempt.acknowledgesLater) return;
  }
  await settleStream(attempt, run);
}

/** The stream is finished, and the destination has said so. */
export async function settleStream(attempt: AttemptContext, run: StreamRun): Promise<void> {
  if (run.planned.work !== "clear") run.verified = await verifyStream(attempt, run);
  run.move("finished");
  run.endedAt = attempt.request.clock.now();
  attempt.emit({
    type: "stream-finished",
    stream: run.key,
    rows: run.document.counts,
    seconds: (run.endedAt - run.startedAt) / 1000,
  });
}
