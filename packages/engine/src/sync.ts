import type { DestinationSession, Failure, FencingToken, Held } from "@weir/protocol";
import { failureOf, WeirError } from "@weir/protocol";
import { Attempt } from "./attempt.ts";
import type { AttemptOutcome } from "./attempt.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { ConnectionDocument } from "./document.ts";
import { readCheckpoints, storeConnection } from "./document.ts";
import { HeldCheckpoints } from "./held.ts";
import type { Limits } from "./limits.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { StateForm } from "./message-runner.ts";
import { planSync } from "./plan.ts";
import { rawIdPrefixes } from "./raw-id.ts";
import type { SyncRequest, SyncResult } from "./request.ts";
import { buildResult, committedRows } from "./result.ts";
import type { Failures } from "./retry.ts";
import { countFailure, NO_FAILURES, waitBeforeRetry } from "./retry.ts";
import { Slots } from "./slots.ts";
import type { SyncSignal, SyncState } from "./states.ts";
import { next, SYNC } from "./states.ts";
import { Watchdog } from "./watchdog.ts";

/** Moves the streams of a connection once, with retries. Never throws: a failure is in the result. */
export async function sync(request: SyncRequest): Promise<SyncResult> {
  return new Sync(request).run();
}

class Sync {
  readonly #request: SyncRequest;
  readonly #limits: Limits;
  readonly #startedAt: number;
  readonly #deadLetters: DeadLetters;
  readonly #nextRawIdPrefix: () => string;
  #state: SyncState = "planned";
  #token: FencingToken = { sync: 0, attempt: 0 };
  #attempts = 0;
  #failures: Failures = NO_FAILURES;
  #form: StateForm | undefined;
  #transactional = true;
  #last: AttemptOutcome | undefined;
  readonly #notices = new Set<string>();
  readonly #schemaNotes = new Set<string>();

  constructor(request: SyncRequest) {
    this.#request = request;
    this.#limits = { ...DEFAULT_LIMITS, ...request.limits };
    this.#startedAt = request.clock.now();
    this.#deadLetters = new DeadLetters(request.deadLetters);
    this.#nextRawIdPrefix = rawIdPrefixes(() => request.clock.now(), request.random);
  }

  async run(): Promise<SyncResult> {
    this.#move("start");
    let failure: Failure | undefined;
    while (this.#state === "running") {
      failure = await this.#attempt();
      await this.#afterAttempt(failure);
    }
    return this.#result(failure);
  }

  #move(signal: SyncSignal): void {
    this.#state = next(SYNC, this.#state, signal);
  }

  async #afterAttempt(failure: Failure | undefined): Promise<void> {
    const { signal, clock } = this.#request;
    if (failure === undefined) return this.#move("attempt done");
    if (signal.aborted) return this.#move("cancel");
    if (this.#last?.form !== undefined) {
      this.#move("attempt broken, may retry");
      return this.#move("wait over");
    }
    const partial = this.#last !== undefined && committedRows(this.#last) > 0;
    this.#emit({ type: "attempt-failed", attempt: this.#attempts, failure, partial });
    const { failures, wait } = this.#judge(failure, this.#last);
    this.#failures = failures;
    if (wait === undefined) return this.#move("attempt broken, final");
    this.#move("attempt broken, may retry");
    this.#emit({ type: "retry-scheduled", attempt: this.#attempts + 1, waitMs: wait });
    try {
      await clock.sleep(wait, signal);
      this.#move("wait over");
    } catch {
      this.#move("cancel");
    }
  }

  /** What a failed attempt means for the sync: the counts with it, and the wait before the next; none: it was the last. */
  #judge(
    failure: Failure,
    outcome: AttemptOutcome | undefined,
  ): { readonly failures: Failures; readonly wait: number | undefined } {
    const failures = countFailure(this.#failures, outcome !== undefined && committedRows(outcome) > 0);
    const all = outcome === undefined || outcome.failures.length === 0 ? [failure] : outcome.failures;
    const hope = all.some(({ recovery }) => recovery === "retry");
    return { failures, wait: hope ? waitBeforeRetry(failures, this.#limits) : undefined };
  }

  /** One attempt from opening the destination to closing it. Returns why it failed. */
  async #attempt(): Promise<Failure | undefined> {
    this.#attempts += 1;
    this.#last = undefined;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#request.signal, stop.signal]);
    const watchdog = new Watchdog(this.#request.clock, this.#limits);
    const over = new AbortController();
    const watching = watchdog.watch(over.signal, (error) => stop.abort(error));
    try {
      return await this.#withinGrace(this.#openAndMove(watchdog, signal), signal);
    } catch (error) {
      return this.#request.signal.aborted
        ? cancelled()
        : failureOf(signal.aborted ? signal.reason : error, "engine");
    } finally {
      over.abort();
      await watching;
    }
  }

  /** After an abort connectors get a moment to let go; then they are left behind. [I11] */
  async #withinGrace<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    let expire: (() => void) | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      expire = () =>
        void setTimeout(() => reject(signal.reason as Error), this.#limits.cancelGraceMs).unref();
      signal.addEventListener("abort", expire, { once: true });
      if (signal.aborted) expire();
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      if (expire !== undefined) signal.removeEventListener("abort", expire);
      late.catch(() => undefined);
      work.catch(() => undefined);
    }
  }

  async #openAndMove(watchdog: Watchdog, signal: AbortSignal): Promise<Failure | undefined> {
    const { connection, destination, clock, log } = this.#request;
    const context = { clock, log, signal };
    const { connector, config } = destination;
    const session = await watchdog.during("destination", "open", () =>
      connector.open({ config, connection: connection.name, context }),
    );
    try {
      return await this.#moveThrough(session, watchdog, signal);
    } finally {
      await session.close();
    }
  }

  async #moveThrough(
    session: DestinationSession,
    watchdog: Watchdog,
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    const request = this.#request;
    const { connector, config } = request.source;
    this.#transactional = session.capabilities.transactional;
    const held = await HeldCheckpoints.read(session, request.store, request.connection.name);
    const checkpoints = readCheckpoints(held.now);
    this.#token = this.#nextToken(held.now, checkpoints.connection);
    await this.#deadLetters.reconcile(
      new Set([...checkpoints.streams.values()].flatMap(({ rejects }) => rejects)),
    );
    const context = { clock: request.clock, log: request.log, signal };
    const catalog = await watchdog.during("source", "discover", () => connector.discover(config, context));
    const plan = planSync({ request, catalog, held: checkpoints, sync: this.#token.sync });
    plan.notes.forEach((note) => this.#schemaNotes.add(note));
    const attempt = new Attempt({
      context: this.#attemptContext(session, held, watchdog, signal),
      plan,
      held: checkpoints,
      form: this.#form,
    });
    this.#last = attempt.outcome();
    const running = attempt.run();
    signal.addEventListener("abort", () => (this.#last = attempt.outcome()), { once: true });
    await running;
    const outcome = attempt.outcome();
    this.#last = outcome;
    this.#learn(outcome);
    signal.throwIfAborted();
    if (outcome.form !== undefined) return formFailure();
    return this.#settle(session, held, outcome);
  }

  /** The last word on the sync goes to the destination: without it the next process goes on under this number. */
  async #settle(
    session: DestinationSession,
    held: HeldCheckpoints,
    outcome: AttemptOutcome,
  ): Promise<Failure | undefined> {
    const [failure] = outcome.failures;
    const final = failure === undefined || this.#judge(failure, outcome).wait === undefined;
    if (final) {
      const before = readCheckpoints(held.now).connection;
      const status = failure === undefined ? "succeeded" : "failed";
      const document = storeConnection({
        form: before?.form,
        state: before?.state,
        sync: this.#token.sync,
        status,
      });
      const transaction = await session.transaction(this.#request.signal);
      await transaction.commit([document]);
      await held.remember([document]);
    }
    await held.save();
    return failure;
  }

  #learn(outcome: AttemptOutcome): void {
    this.#form = outcome.form ?? this.#form;
    outcome.notices.forEach((notice) => this.#notices.add(notice));
    outcome.schemaNotes.forEach((note) => this.#schemaNotes.add(note));
  }

  /** [I5] A sync whose process died goes on under its number, unless something else is asked for now. */
  #nextToken(held: Held, connection: ConnectionDocument | undefined): FencingToken {
    const { sync: current } = this.#token;
    if (held.token === null) return { sync: Math.max(1, current), attempt: this.#attempts };
    if (current === held.token.sync) return { sync: current, attempt: held.token.attempt + 1 };
    if (current > held.token.sync) return { sync: current, attempt: this.#attempts };
    if (current > 0) throw surpassed();
    const asked = (this.#request.refresh ?? []).length + (this.#request.clear ?? []).length > 0;
    const ended = connection?.sync === held.token.sync && connection.status !== "running";
    return ended || asked
      ? { sync: held.token.sync + 1, attempt: 1 }
      : { sync: held.token.sync, attempt: held.token.attempt + 1 };
  }

  #attemptContext(
    session: DestinationSession,
    held: HeldCheckpoints,
    watchdog: Watchdog,
    signal: AbortSignal,
  ): AttemptContext {
    return {
      request: this.#request,
      limits: this.#limits,
      token: this.#token,
      session,
      watchdog,
      slots: new Slots(session.capabilities.parallel),
      deadLetters: this.#deadLetters,
      remember: (checkpoints) => {
        held.fenced(this.#token);
        return held.remember(checkpoints);
      },
      nextRawIdPrefix: this.#nextRawIdPrefix,
      emit: (event) => this.#emit(event),
      signal,
    };
  }

  #emit(event: Parameters<AttemptContext["emit"]>[0]): void {
    this.#request.onEvent?.({ ...event, at: this.#request.clock.now() });
  }

  #result(failure: Failure | undefined): SyncResult {
    const result = buildResult({
      request: this.#request,
      state: this.#state,
      token: this.#token,
      attempts: this.#attempts,
      startedAt: this.#startedAt,
      transactional: this.#transactional,
      outcome: this.#last,
      notices: [...this.#notices],
      schemaNotes: [...this.#schemaNotes],
      pathOf: (name) => this.#deadLetters.pathOf(name),
      failure,
    });
    this.#emit({ type: "finished", status: result.status });
    return result;
  }
}

function cancelled(): Failure {
  return {
    code: "engine.cancelled",
    message: "The sync was cancelled.",
    next: "Run it again: it goes on after the last checkpoint.",
    recovery: "stop",
    origin: "engine",
  };
}

function formFailure(): Failure {
  return {
    code: "engine.state_form",
    message: "The source keeps one state for all streams; the attempt begins again to commit them together.",
    next: "Nothing to do.",
    recovery: "retry",
    origin: "engine",
  };
}

function surpassed(): WeirError {
  return new WeirError({
    code: "destination.fenced",
    message: "Another sync of this connection has started since.",
    next: "Let it finish; run only one sync of a connection at a time.",
    recovery: "stop",
    origin: "destination",
  });
}
