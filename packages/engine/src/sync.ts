import type { DestinationSession, Failure, FencingToken, Held, StoredCheckpoint } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { keptAtBegin, keptOfAcknowledged } from "./acknowledged.ts";
import { Attempt, cancelledFailure } from "./attempt.ts";
import type { AttemptOutcome } from "./attempt.ts";
import type { AttemptContext } from "./attempt-context.ts";
import { DeadLetters } from "./dead-letters.ts";
import { readCheckpoints, storeConnection } from "./document.ts";
import { HeldCheckpoints } from "./held.ts";
import type { Limits } from "./limits.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { StateForm } from "./message-runner.ts";
import { planTables } from "./lost-tables.ts";
import { rawIdPrefixes } from "./raw-id.ts";
import type { SyncRequest, SyncResult } from "./request.ts";
import { buildResult, committedRows } from "./result.ts";
import type { Failures } from "./retry.ts";
import { countFailure, NO_FAILURES, waitBeforeRetry } from "./retry.ts";
import { Slots } from "./slots.ts";
import { beginConnection } from "./source-states.ts";
import type { SyncSignal, SyncState } from "./states.ts";
import { next, SYNC } from "./states.ts";
import { FENCED, nextToken } from "./token.ts";
import { Watchdog } from "./watchdog.ts";

/** Moves the streams of a connection once, with retries. Never throws: a failure is in the result. */
export async function sync(request: SyncRequest): Promise<SyncResult> {
  return new Sync(request).run();
}

/** A call to the destination under the watchdog. */
type Asked = <T>(what: string, call: () => Promise<T>) => Promise<T>;

class Sync {
  readonly #request: SyncRequest;
  readonly #limits: Limits;
  readonly #startedAt: number;
  readonly #deadLetters: DeadLetters;
  readonly #nextRawIdPrefix: () => string;
  #state: SyncState = "planned";
  #token: FencingToken = { sync: 0, attempt: 0 };
  #asked: FencingToken | undefined;
  #attempts = 0;
  #failures: Failures = NO_FAILURES;
  #form: StateForm | undefined;
  #transactional = true;
  #last: AttemptOutcome | undefined;
  /** Of the last attempt before this one that had a plan: what it committed is told, although a later one had none. */
  #earlier: AttemptOutcome | undefined;
  /** A connector left behind may still call back: nobody listens. */
  #over = false;
  /** Keeps what the destination of this attempt says is durable, where it says so later. */
  #acknowledge: ((checkpoints: readonly StoredCheckpoint[]) => Promise<void>) | undefined;
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
    const all = [failure, ...(outcome?.failures ?? [])];
    // [I5] Whoever was surpassed does not come back.
    const hope = all.some(({ recovery }) => recovery === "retry") && !all.some(({ code }) => code === FENCED);
    return { failures, wait: hope ? waitBeforeRetry(failures, this.#limits) : undefined };
  }

  /** One attempt from opening the destination to closing it. Returns why it failed. */
  async #attempt(): Promise<Failure | undefined> {
    this.#attempts += 1;
    this.#earlier = this.#last ?? this.#earlier;
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
        ? cancelledFailure()
        : failureOf(signal.aborted ? signal.reason : error, "engine");
    } finally {
      over.abort();
      await watching;
    }
  }

  /** After an abort connectors get a moment to let go; then they are left behind. [I11] */
  async #withinGrace<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const aborted = Promise.withResolvers<never>();
    const expire = (): void => {
      timer = setTimeout(() => aborted.reject(signal.reason as Error), this.#limits.cancelGraceMs);
    };
    signal.addEventListener("abort", expire, { once: true });
    if (signal.aborted) expire();
    work.catch(() => undefined);
    try {
      return await Promise.race([work, aborted.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", expire);
    }
  }

  async #openAndMove(watchdog: Watchdog, signal: AbortSignal): Promise<Failure | undefined> {
    const { connection, destination, clock, log } = this.#request;
    const context = { clock, log, signal };
    const { connector, config } = destination;
    const acknowledged = (checkpoints: readonly StoredCheckpoint[]): Promise<void> =>
      this.#acknowledge?.(checkpoints) ?? Promise.resolve();
    const session = await watchdog.during("destination", "open", () =>
      connector.open({
        config,
        connection: connection.name,
        context,
        acknowledged,
        alive: () => watchdog.alive("destination"),
      }),
    );
    try {
      return await this.#moveThrough(session, watchdog, signal);
    } finally {
      await watchdog.during("destination", "close", () => session.close());
    }
  }

  /** Takes the fence first: what is held from then on is what this attempt plans from. [I4] [I5] */
  async #moveThrough(
    session: DestinationSession,
    watchdog: Watchdog,
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    const request = this.#request;
    const { connector, config } = request.source;
    const { name } = request.connection;
    this.#transactional = session.capabilities.transactional;
    const asked = <T>(what: string, call: () => Promise<T>): Promise<T> =>
      watchdog.during("destination", what, call);
    // Whoever was left behind after an abort goes no further, even when an answer comes in the end.
    const inTime = async <T>(answer: Promise<T>): Promise<T> => {
      const value = await answer;
      signal.throwIfAborted();
      return value;
    };
    const reading = asked("held", () => HeldCheckpoints.read(session, request.store, name));
    const held = await inTime(reading);
    const token = this.#nextToken(held.now);
    this.#asked = token;
    await inTime(asked("fence", () => session.begin({ token, streams: [], checkpoints: [] })));
    this.#token = token;
    await inTime(asked("held", () => held.refresh(session)));
    await held.fenced(token);
    const checkpoints = readCheckpoints(held.now);
    await this.#deadLetters.reconcile(
      new Set([...checkpoints.streams.values()].flatMap(({ rejects }) => rejects)),
    );
    const context = { clock: request.clock, log: request.log, signal };
    const discovery = watchdog.during("source", "discover", () => connector.discover(config, context));
    const catalog = await inTime(discovery);
    const plan = await inTime(
      asked("missing", () =>
        planTables(session, {
          request,
          catalog,
          held: checkpoints,
          sync: token.sync,
          modes: session.capabilities.modes,
        }),
      ),
    );
    plan.notes.forEach((note) => this.#schemaNotes.add(note));
    const attempt = new Attempt({
      context: this.#attemptContext(session, held, watchdog, signal),
      plan,
      before: checkpoints.connection,
      connection: beginConnection(checkpoints.connection, plan.streams, token.sync, plan.refused),
      form: this.#form,
    });
    this.#last = attempt.outcome();
    this.#acknowledge = async (all) => {
      const kept = keptOfAcknowledged(all);
      if (this.#token !== token || kept.length === 0) return;
      await held.remember(kept);
      attempt.acknowledged(kept);
    };
    signal.addEventListener("abort", () => (this.#last = attempt.outcome()), { once: true });
    await attempt.run();
    // Left behind after an abort, this attempt has nothing more to say.
    signal.throwIfAborted();
    const outcome = attempt.outcome();
    this.#last = outcome;
    this.#learn(outcome);
    if (outcome.form !== undefined) return formFailure();
    return this.#settle(asked, session, held);
  }

  /** The last word on the sync goes to the destination: without it the next process goes on under this number. */
  async #settle(
    asked: Asked,
    session: DestinationSession,
    held: HeldCheckpoints,
  ): Promise<Failure | undefined> {
    const outcome = this.#last;
    const [failure] = outcome?.failures ?? [];
    if (failure === undefined || this.#judge(failure, outcome).wait === undefined) {
      // A commit whose answer was lost may have moved the shared state on.
      await asked("held", () => held.refresh(session));
      const before = readCheckpoints(held.now).connection;
      const status = failure === undefined ? "succeeded" : "failed";
      const document = storeConnection({ covers: [], ...before, sync: this.#token.sync, status });
      // Who acknowledges later has taken leave already, and the document is none of its business.
      if (session.capabilities.acknowledgesLater !== true) {
        const transaction = await asked("begin", () => session.transaction(this.#request.signal));
        await asked("commit", () => transaction.commit([document]));
      }
      await held.remember([document]);
    }
    await this.#saveCopy(held);
    return failure;
  }

  /** What the destination holds needs no local copy: where that cannot be written, the sync is as good. [I4] */
  async #saveCopy(held: HeldCheckpoints): Promise<void> {
    try {
      await held.save();
    } catch (error) {
      if (held.isLocal) throw error;
      const { message } = failureOf(error, "engine");
      this.#notices.add(`${message} The destination holds the state; only the copy for display is old.`);
    }
  }

  #learn(outcome: AttemptOutcome): void {
    this.#form = outcome.form ?? this.#form;
    outcome.notices.forEach((notice) => this.#notices.add(notice));
    outcome.schemaNotes.forEach((note) => this.#schemaNotes.add(note));
  }

  /** [I5] */
  #nextToken(held: Held): FencingToken {
    const { refresh = [], clear = [] } = this.#request;
    return nextToken({
      theirs: held.token,
      connection: readCheckpoints(held).connection,
      mine: this.#token.sync > 0 ? this.#token : undefined,
      asked: this.#asked,
      anew: refresh.length + clear.length > 0,
    });
  }

  #attemptContext(
    session: DestinationSession,
    held: HeldCheckpoints,
    watchdog: Watchdog,
    signal: AbortSignal,
  ): AttemptContext {
    const token = this.#token;
    const acknowledgesLater = session.capabilities.acknowledgesLater === true;
    return {
      request: this.#request,
      limits: this.#limits,
      token,
      session,
      watchdog,
      slots: new Slots(session.capabilities.parallel),
      deadLetters: this.#deadLetters,
      acknowledgesLater,
      begun: async (checkpoints) => {
        if (this.#token !== token) return;
        await held.remember(acknowledgesLater ? keptAtBegin(checkpoints) : checkpoints);
      },
      remember: async (checkpoints) => {
        if (this.#token === token && !acknowledgesLater) await held.remember(checkpoints);
      },
      nextRawIdPrefix: this.#nextRawIdPrefix,
      emit: (event) => {
        if (!this.#over && this.#token === token) this.#emit(event);
      },
      signal,
    };
  }

  #emit(event: Parameters<AttemptContext["emit"]>[0]): void {
    this.#request.onEvent?.({ ...event, at: this.#request.clock.now() });
  }

  #result(failure: Failure | undefined): SyncResult {
    this.#over = true;
    const result = buildResult({
      request: this.#request,
      state: this.#state,
      token: this.#token,
      attempts: this.#attempts,
      startedAt: this.#startedAt,
      transactional: this.#transactional,
      outcome: this.#last ?? this.#earlier,
      notices: [...this.#notices],
      schemaNotes: [...this.#schemaNotes],
      pathOf: (name) => this.#deadLetters.pathOf(name),
      failure,
    });
    this.#emit({ type: "finished", status: result.status });
    return result;
  }
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
