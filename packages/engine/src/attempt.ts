import type { Failure, PartSession, SourceSession, StoredCheckpoint, StreamReader } from "@weir/protocol";
import { failureOf, WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import { Beginning } from "./beginning.ts";
import type { ConnectionDocument } from "./document.ts";
import { readCheckpoints } from "./document.ts";
import { finishStream, settleStream } from "./finish.ts";
import { FormDiscovered, runMessages } from "./message-runner.ts";
import type { StateForm } from "./message-runner.ts";
import { keepsAll, overlapNotice, restartNotice } from "./notices.ts";
import { runParts } from "./part-runner.ts";
import type { SyncPlan } from "./plan.ts";
import { restartStream } from "./plan.ts";
import type { RefusedStream } from "./refused.ts";
import { Slots } from "./slots.ts";
import { sourceStates } from "./source-states.ts";
import type { AttemptState, AttemptSignal } from "./states.ts";
import { ATTEMPT, next } from "./states.ts";
import { StreamRun } from "./stream-run.ts";

export interface AttemptInput {
  readonly context: AttemptContext;
  readonly plan: SyncPlan;
  /** As the destination holds it. */
  readonly before: ConnectionDocument | undefined;
  /** As the attempt begins: see beginConnection. */
  readonly connection: ConnectionDocument;
  /** Form of state learned in this process before the destination held any. */
  readonly form: StateForm | undefined;
}

export interface AttemptOutcome {
  readonly state: AttemptState;
  readonly runs: readonly StreamRun[];
  /** Streams the plan left out. */
  readonly refused: readonly RefusedStream[];
  readonly failures: readonly Failure[];
  readonly notices: readonly string[];
  readonly schemaNotes: readonly string[];
  /** Set when the attempt must begin again because the form of states became known. */
  readonly form?: StateForm | undefined;
}

/** One try: opens the source, moves and finishes the streams, and tells what became of each. */
export class Attempt {
  readonly #input: AttemptInput;
  readonly #context: AttemptContext;
  readonly #runs: readonly StreamRun[];
  readonly #notices: string[] = [];
  readonly #failures: Failure[] = [];
  readonly #beginning: Beginning;
  #schemaNotes: readonly string[] = [];
  #state: AttemptState = "opening";
  #source: SourceSession | undefined;
  #form: StateForm | undefined;

  constructor(input: AttemptInput) {
    this.#input = input;
    this.#context = input.context;
    const { acknowledgesLater } = input.context;
    this.#runs = input.plan.streams.map((planned) => new StreamRun(planned, acknowledgesLater));
    this.#beginning = new Beginning({
      context: input.context,
      runs: this.#runs,
      before: input.before,
      connection: input.connection,
      refused: input.plan.refused,
      failed: (run, error) => this.#streamFailed(run, error),
    });
    this.#notices.push(...input.plan.notices);
  }

  /** Never throws. */
  async run(): Promise<void> {
    const { token } = this.#context;
    const { refused } = this.#input.plan;
    const streams = [...this.#runs.map((run) => run.key), ...refused.map(({ selected }) => selected.key)];
    this.#context.emit({ type: "attempt-started", sync: token.sync, attempt: token.attempt, streams });
    for (const { selected, failure } of refused) this.#failed(selected.key, failure);
    try {
      await this.#open();
      this.#move("opened");
      await this.#moveStreams();
      this.#move("streams over");
      await this.#drain();
      if (this.#failures.length === 0) this.#move("settled");
      else this.#move("failure");
    } catch (error) {
      if (error instanceof FormDiscovered) this.#form = error.form;
      else this.#failures.push(failureOf(error, "engine"));
      if (!this.#context.signal.aborted) this.#logDefect(error);
      this.#break(this.#context.request.signal.aborted ? cancelledFailure() : failureOf(error, "engine"));
    } finally {
      await this.#closeSource();
    }
  }

  /** What was handed over is finished when the destination says that it is durable and visible. */
  async #drain(): Promise<void> {
    const { session, watchdog, signal, acknowledgesLater } = this.#context;
    if (!acknowledgesLater) return;
    await watchdog.during("destination", "drain", async () => session.drain?.(signal));
    signal.throwIfAborted();
    for (const run of this.#runs) if (run.state === "finishing") await settleStream(this.#context, run);
  }

  /** The destination says that it holds the rows of these checkpoints, or has finished their streams. */
  acknowledged(checkpoints: readonly StoredCheckpoint[]): void {
    const { streams } = readCheckpoints({ token: null, checkpoints });
    for (const run of this.#runs) {
      const document = streams.get(run.key);
      if (document === undefined) continue;
      run.acknowledged(document);
      this.#context.emit({ type: "checkpoint", stream: run.key, rows: document.counts });
    }
  }

  async #closeSource(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined) await this.#context.watchdog.during("source", "close", () => source.close());
  }

  /** As it stands now; also while `run` has not come back from an abort. */
  outcome(): AttemptOutcome {
    return {
      state: this.#state,
      runs: this.#runs,
      refused: this.#input.plan.refused,
      failures: this.#failures,
      notices: this.#notices,
      schemaNotes: this.#schemaNotes,
      form: this.#form,
    };
  }

  #move(signal: AttemptSignal): void {
    this.#state = next(ATTEMPT, this.#state, signal);
  }

  /** A log is where a stack trace belongs. */
  #logDefect(error: unknown): void {
    if (error instanceof WeirError || !(error instanceof Error)) return;
    this.#context.request.log("debug", error.stack ?? error.message);
  }

  #break(failure: Failure): void {
    const cancelled = this.#context.request.signal.aborted;
    this.#move(cancelled ? "cancel" : "failure");
    for (const run of this.#runs) run.fail(failure, cancelled);
  }

  async #open(): Promise<void> {
    const { request, signal } = this.#context;
    const reading = this.#runs.filter((run) => run.planned.work === "read");
    const verified = (request.verify ?? "none") !== "none";
    const readable = this.#runs.filter((run) => run.planned.work !== "clear");
    await this.#openSource(verified ? readable : reading);
    // A message session sends every stream of its catalog and can compare none: it is opened for what is read.
    if (this.#source?.kind === "messages" && readable.length > reading.length && verified)
      await this.#reopenSource(reading);
    signal.throwIfAborted();
    this.#schemaNotes = await this.#beginning.begin();
    const begun = reading.filter((run) => this.#beginning.runs.includes(run));
    if (this.#source?.kind === "messages" && begun.length < reading.length) await this.#reopenSource(begun);
    signal.throwIfAborted();
  }

  async #reopenSource(runs: readonly StreamRun[]): Promise<void> {
    await this.#closeSource();
    await this.#openSource(runs);
  }

  async #openSource(runs: readonly StreamRun[]): Promise<void> {
    if (runs.length === 0) return;
    const { request, watchdog, signal } = this.#context;
    const { connector, config } = request.source;
    const context = { clock: request.clock, log: request.log, signal };
    const catalog = { streams: runs.map((run) => run.planned.configured) };
    const planned = this.#beginning.runs.map((run) => run.planned);
    const state = sourceStates(this.#beginning.connection, planned);
    this.#source = await watchdog.during("source", "open", () =>
      connector.open({ config, catalog, state, context }),
    );
    if (this.#source.kind === "parts") await this.#openReaders(this.#source, runs);
  }

  /** Readers open before the destination begins: a refused state changes the plan. */
  async #openReaders(source: PartSession, runs: readonly StreamRun[]): Promise<void> {
    await this.#eachStream(runs, async (run) => {
      run.reader = await this.#openReader(source, run);
      const { restart } = run.reader;
      if (restart === undefined || run.planned.work !== "read") return;
      this.#notices.push(restartNotice(run.planned, restart.reason));
      run.keepsAll = keepsAll(run.planned);
      run.replan(restartStream(run.planned));
      run.reader = await this.#openReader(source, run);
    });
  }

  async #openReader(source: PartSession, run: StreamRun): Promise<StreamReader> {
    const { configured } = run.planned;
    const reader = await this.#context.watchdog.during("source", `open ${run.key}`, () =>
      source.reader(configured, run.document.state),
    );
    if (reader.restart === undefined)
      this.#notices.push(...reader.notices.map((notice) => `${run.key}: ${notice}`));
    return reader;
  }

  async #moveStreams(): Promise<void> {
    const source = this.#source;
    for (const run of this.#runs) run.startedAt = this.#context.request.clock.now();
    if (source?.kind === "messages") return this.#moveMessages(source);
    await this.#eachStream(this.#runs, (run) => this.#moveStream(run));
  }

  async #moveStream(run: StreamRun): Promise<void> {
    const { work } = run.planned;
    run.startedAt = this.#context.request.clock.now();
    run.move("begin");
    if (work === "read" && run.reader !== undefined) await runParts(this.#context, run, run.reader);
    await this.#finish(run);
  }

  async #moveMessages(session: Extract<SourceSession, { readonly kind: "messages" }>): Promise<void> {
    const { runs, connection } = this.#beginning;
    const reading = runs.filter((run) => run.planned.work === "read");
    for (const run of runs) run.move("begin");
    const form = this.#input.form ?? connection.form;
    const input = { attempt: this.#context, session, runs: reading, connection, form };
    const { incomplete, failure } = await runMessages(input);
    if (failure !== undefined) this.#failures.push(failure.failure);
    await this.#eachStream(runs, async (run) => {
      if (incomplete.has(run.key)) throw incomplete.get(run.key) ?? failure ?? incompleteStream(run.key);
      await this.#finish(run);
    });
  }

  async #finish(run: StreamRun): Promise<void> {
    const notice = overlapNotice(run);
    if (notice !== undefined) this.#notices.push(notice);
    await finishStream(this.#context, run);
  }

  /** Runs several streams at a time; a stream that fails does not stop the others, an abort stops all. */
  async #eachStream(runs: readonly StreamRun[], work: (run: StreamRun) => Promise<void>): Promise<void> {
    const { limits, signal } = this.#context;
    const slots = new Slots(limits.parallelStreams);
    await Promise.allSettled(
      runs.map(async (run) => {
        const release = await slots.take(signal);
        try {
          if (run.state !== "broken") await work(run);
        } catch (error) {
          if (!signal.aborted) this.#streamFailed(run, error);
        } finally {
          release();
        }
      }),
    );
    signal.throwIfAborted();
  }

  #streamFailed(run: StreamRun, error: unknown): void {
    this.#logDefect(error);
    const failure = { ...failureOf(error, "engine"), stream: run.key };
    run.fail(failure, false);
    run.endedAt = this.#context.request.clock.now();
    this.#failed(run.key, failure);
  }

  #failed(stream: string, failure: Failure): void {
    this.#failures.push(failure);
    this.#context.emit({ type: "stream-failed", stream, failure });
  }
}

function incompleteStream(key: string): WeirError {
  return new WeirError({
    code: "source.stream_incomplete",
    message: `The source ended without completing stream ${key}.`,
    next: "Look at the source's log lines above; the sync is tried again.",
    recovery: "retry",
    origin: "source",
    stream: key,
  });
}

export function cancelledFailure(): Failure {
  return {
    code: "engine.cancelled",
    message: "The sync was cancelled.",
    next: "Run it again: it goes on after the last checkpoint.",
    recovery: "stop",
    origin: "engine",
  };
}
