import type {
  JsonValue,
  Message,
  MessageSession,
  RecordMessage,
  StateMessage,
  StreamState,
  Trace,
} from "@weir/protocol";
import { failureOf, isObject, streamKey, WeirError } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import type { ConnectionDocument } from "./document.ts";
import { storeConnection } from "./document.ts";
import { watched } from "./load.ts";
import { MessageScope } from "./message-scope.ts";
import { logLevelOf, reported } from "./reported.ts";
import { isIncremental } from "./select.ts";
import type { StreamRun } from "./stream-run.ts";

/** A form of state was seen that other transactions were not prepared for; nothing is committed yet: begin again. [I13] */
export class FormDiscovered extends Error {
  readonly form: "GLOBAL" | "LEGACY";

  constructor(form: "GLOBAL" | "LEGACY") {
    super(`The source keeps ${form} state`);
    this.name = "FormDiscovered";
    this.form = form;
  }
}

export type StateForm = "STREAM" | "GLOBAL" | "LEGACY";

export interface MessageRun {
  readonly attempt: AttemptContext;
  readonly session: MessageSession;
  readonly runs: readonly StreamRun[];
  /** The connection's document as the attempt began. */
  readonly connection: ConnectionDocument;
  /** The form the source used before; undefined when it was never seen. */
  readonly form: StateForm | undefined;
}

export interface MessagesMoved {
  /** Keys of streams the source did not complete, with what it said of them. */
  readonly incomplete: ReadonlyMap<string, WeirError | undefined>;
  /** Why the source did not end well. */
  readonly failure: WeirError | undefined;
}

/** Moves everything a message session sends. Throws what is not the source's own failure. */
export async function runMessages(input: MessageRun): Promise<MessagesMoved> {
  const { attempt, session } = input;
  const mover = new MessageMover(input);
  const { signal } = attempt;
  const batches = session.batches?.(signal) ?? oneByOne(session.messages(signal));
  const messages = watched(batches, attempt.watchdog, "messages");
  try {
    const failure = await moveAll(mover, messages, signal);
    return { incomplete: await mover.end(failure), failure: failure ?? mover.failure };
  } catch (error) {
    await messages.return(undefined);
    await mover.abandon();
    throw error;
  }
}

/** Returns the source's failure: what it completed before that is finished all the same. */
async function moveAll(
  mover: MessageMover,
  batches: AsyncGenerator<readonly Message[]>,
  signal: AbortSignal,
): Promise<WeirError | undefined> {
  for (;;) {
    let next: IteratorResult<readonly Message[]>;
    try {
      next = await batches.next();
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof WeirError ? error : new WeirError(failureOf(error, "source"), { cause: error });
    }
    signal.throwIfAborted();
    if (next.done === true) return undefined;
    for (const message of next.value) {
      const taken = message.type === "RECORD" ? mover.record(message) : mover.take(message);
      if (taken !== undefined) await taken;
    }
  }
}

async function* oneByOne(messages: AsyncIterable<Message>): AsyncGenerator<readonly Message[]> {
  for await (const message of messages) yield [message];
}

/** The stream of the last record: most often that of the next as well. */
interface RecordStream {
  readonly stream: string;
  readonly namespace: string | undefined;
  readonly key: string;
  readonly run: StreamRun;
}

class MessageMover {
  readonly #incomplete = new Map<string, WeirError | undefined>();
  readonly #completed = new Set<string>();
  #failure: WeirError | undefined;
  readonly #input: MessageRun;
  readonly #runs: ReadonlyMap<string, StreamRun>;
  readonly #scopes = new Map<string, MessageScope>();
  #form: StateForm | undefined;
  #committed = false;
  #bytes = 0;
  #lastRecord: RecordStream | undefined;

  constructor(input: MessageRun) {
    this.#input = input;
    this.#form = input.form;
    this.#runs = new Map(input.runs.map((run) => [run.key, run]));
    for (const run of input.runs) {
      input.attempt.emit({ type: "stream-started", stream: run.key, table: run.table, route: "batch" });
    }
  }

  /** What the source told of all its streams. */
  get failure(): WeirError | undefined {
    return this.#failure;
  }

  async take(message: Message): Promise<void> {
    const { attempt } = this.#input;
    switch (message.type) {
      case "RECORD":
        return this.record(message);
      case "STATE":
        return this.#state(message);
      case "TRACE":
        return this.#trace(message.trace);
      case "LOG":
        attempt.request.log(logLevelOf(message.log.level), message.log.message);
        return;
      default:
        attempt.request.log(
          "debug",
          `The source sent a ${message.type} message during a read; it has no effect.`,
        );
    }
  }

  /**
   * Where the source ended without failure, rows after the last state are complete, unless it said otherwise; after a
   * failure only streams are that it called complete. They commit with the mark that the stream is read to its end, so
   * that a crash before `finish` never reads them again.
   */
  async end(failure: WeirError | undefined): Promise<MessagesMoved["incomplete"]> {
    const failed = failure !== undefined || this.#failure !== undefined;
    for (const key of this.#runs.keys())
      if (failed && !this.#completed.has(key) && !this.#incomplete.has(key))
        this.#incomplete.set(key, this.#failure);
    for (const [key, scope] of this.#scopes) {
      const unsure = key === "" ? this.#incomplete.size > 0 : this.#incomplete.has(key);
      if (unsure) await this.#leave(key, scope);
      else if (scope.dirty || (key === "" && scope.loading))
        await scope.commit({ states: new Map(), loaded: true });
    }
    return this.#incomplete;
  }

  async #leave(key: string, scope: MessageScope): Promise<void> {
    await scope.abandon();
    const lost = key === "" ? this.#runs.keys() : [key];
    for (const stream of lost) if (!this.#incomplete.has(stream)) this.#incomplete.set(stream, undefined);
  }

  async abandon(): Promise<void> {
    for (const scope of this.#scopes.values()) await scope.abandon();
  }

  /** A promise only when there is something to wait for: there are millions of records. */
  record(message: RecordMessage): Promise<void> | undefined {
    const { stream, namespace } = message.record;
    const last = this.#lastRecord;
    const same = last !== undefined && last.stream === stream && last.namespace === namespace;
    const { key, run } = same ? last : this.#streamOf(stream, namespace);
    this.#bytes += this.#scopeOf(run).buffer(key)?.add(message) ?? 0;
    // [I12] A quarter: columns being encoded and sent hold about three more copies.
    return this.#bytes < this.#input.attempt.limits.bytesInFlight / 4 ? undefined : this.#flush();
  }

  #streamOf(stream: string, namespace: string | undefined): RecordStream {
    const key = streamKey({ name: stream, namespace });
    const run = this.#runs.get(key);
    if (run === undefined) throw unknownStream(key);
    this.#lastRecord = { stream, namespace, key, run };
    return this.#lastRecord;
  }

  async #flush(): Promise<void> {
    for (const each of this.#scopes.values()) await each.flush();
    this.#bytes = 0;
  }

  async #state(message: StateMessage): Promise<void> {
    const { state } = message;
    const form = state.type ?? "LEGACY";
    if (form !== "STREAM") this.#settleForm(form);
    this.#form ??= "STREAM";
    if (this.#form !== form) throw mixedForms(this.#form, form);
    if (form === "STREAM") return this.#streamState(message, state.stream);
    const states = new Map<string, JsonValue | null>();
    for (const item of state.global?.stream_states ?? []) {
      const key = streamKey(item.stream_descriptor);
      if (this.#runs.has(key)) states.set(key, item.stream_state ?? null);
    }
    const scope = this.#sharedScope();
    this.#checkCount(
      message,
      [...this.#runs.keys()].reduce((sum, key) => sum + scope.rowsSinceState(key), 0),
    );
    const data = form === "GLOBAL" ? (state.global?.shared_state ?? null) : (state.data ?? null);
    await scope.commit({ states, also: [storeConnection(this.#connectionAt(form, data))] });
    this.#committed = true;
  }

  /** A state that covers no incremental stream leaves alone the one that covers those not read this time. */
  #connectionAt(form: "GLOBAL" | "LEGACY", state: JsonValue): ConnectionDocument {
    const { connection } = this.#input;
    const covers = [...this.#runs.values()]
      .filter(({ planned }) => isIncremental(planned.selected.mode))
      .map(({ key }) => key);
    return covers.length === 0 ? { ...connection, form } : { ...connection, form, state, covers };
  }

  async #streamState(message: StateMessage, stream: StreamState | undefined): Promise<void> {
    const key = stream === undefined ? "" : streamKey(stream.stream_descriptor);
    const run = this.#runs.get(key);
    if (run === undefined) throw unknownStream(key);
    const scope = this.#scopeOf(run);
    this.#checkCount(message, scope.rowsSinceState(key));
    const state = stream?.stream_state ?? null;
    await scope.commit({ states: isNoState(state) ? new Map() : new Map([[key, state]]) });
    this.#committed = true;
  }

  /** The source's own count of records since its last state, where it gives one. [I3] */
  #checkCount(message: StateMessage, rows: number): void {
    const said = message.state.sourceStats?.recordCount;
    if (said === undefined || said === rows) return;
    throw new WeirError({
      code: "engine.count_mismatch",
      message: `The source says it sent ${said} records before a state, ${rows} arrived.`,
      next: "Nothing after the last checkpoint was committed. Run again; if it repeats, the source connector loses or repeats records.",
      recovery: "stop",
      origin: "source",
    });
  }

  #settleForm(form: "GLOBAL" | "LEGACY"): void {
    if (this.#form === form) return;
    if (this.#form !== undefined) throw mixedForms(this.#form, form);
    const dirty = [...this.#scopes.values()].some((scope) => scope.dirty);
    if (dirty && !this.#committed) throw new FormDiscovered(form);
    this.#form = form;
    this.#scopes.clear();
  }

  #scopeOf(run: StreamRun): MessageScope {
    if (this.#form === "GLOBAL" || this.#form === "LEGACY") return this.#sharedScope();
    const scope = this.#scopes.get(run.key) ?? new MessageScope(this.#input.attempt, [run]);
    this.#scopes.set(run.key, scope);
    return scope;
  }

  #sharedScope(): MessageScope {
    const scope = this.#scopes.get("") ?? new MessageScope(this.#input.attempt, this.#input.runs);
    this.#scopes.set("", scope);
    return scope;
  }

  #trace(trace: Trace): void {
    const { attempt } = this.#input;
    switch (trace.type) {
      case "ERROR":
        return this.#reported(reported(trace.error));
      case "STREAM_STATUS":
        return this.#status(streamKey(trace.stream_status.stream_descriptor), trace.stream_status.status);
      case "ESTIMATE":
      case "ANALYTICS":
        attempt.request.log("debug", `The source sent ${trace.type.toLowerCase()}.`);
    }
  }

  /** An error of one stream leaves the others whole. */
  #reported(error: WeirError): void {
    const { stream } = error.failure;
    if (stream === undefined || !this.#runs.has(stream)) this.#failure ??= error;
    else if (this.#incomplete.get(stream) === undefined) this.#incomplete.set(stream, error);
  }

  #status(key: string, status: "STARTED" | "RUNNING" | "COMPLETE" | "INCOMPLETE"): void {
    if (status === "INCOMPLETE" && !this.#incomplete.has(key)) this.#incomplete.set(key, undefined);
    if (status !== "COMPLETE" || this.#incomplete.get(key) !== undefined) return;
    this.#incomplete.delete(key);
    this.#completed.add(key);
  }
}

function unknownStream(key: string): WeirError {
  return new WeirError({
    code: "source.stream_unasked",
    message: `The source sent data for stream "${key}", which was not asked for.`,
    next: "Report it to the connector's maintainer; nothing of this stream was written.",
    recovery: "stop",
    origin: "source",
  });
}

function mixedForms(before: string, now: string): WeirError {
  return new WeirError({
    code: "source.state_forms_mixed",
    message: `The source sent a ${now} state after ${before} states.`,
    next: "Report it to the connector's maintainer. To go on, reset the connection's state and refresh.",
    recovery: "stop",
    origin: "source",
  });
}

/** What sources built with Airbyte's kit send for a stream that they cannot go on with. */
function isNoState(state: JsonValue): boolean {
  return isObject(state) && state["__ab_no_cursor_state_message"] === true;
}
