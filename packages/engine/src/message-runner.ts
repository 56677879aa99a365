import type { JsonValue, Message, MessageSession, StateMessage, StreamState, Trace } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
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

/** Moves everything a message session sends. Returns the keys of streams the source did not complete. */
export async function runMessages(input: MessageRun): Promise<ReadonlySet<string>> {
  const mover = new MessageMover(input);
  try {
    for await (const message of watched(
      input.session.messages(input.attempt.signal),
      input.attempt.watchdog,
      "messages",
    )) {
      await mover.take(message);
    }
    input.attempt.signal.throwIfAborted();
    await mover.end();
    return mover.incomplete;
  } catch (error) {
    await mover.abandon();
    throw error;
  }
}

class MessageMover {
  readonly incomplete = new Set<string>();
  readonly #input: MessageRun;
  readonly #runs: ReadonlyMap<string, StreamRun>;
  readonly #scopes = new Map<string, MessageScope>();
  #form: StateForm | undefined;
  #committed = false;
  #bytes = 0;

  constructor(input: MessageRun) {
    this.#input = input;
    this.#form = input.form;
    this.#runs = new Map(input.runs.map((run) => [run.key, run]));
    for (const run of input.runs) {
      input.attempt.emit({ type: "stream-started", stream: run.key, table: run.table, route: "batch" });
    }
  }

  async take(message: Message): Promise<void> {
    const { attempt } = this.#input;
    switch (message.type) {
      case "RECORD":
        return this.#record(message);
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
   * The source ended without failure: rows after the last state are complete, unless it said otherwise. They commit
   * with the mark that the stream is read to its end, so that a crash before `finish` never reads them again.
   */
  async end(): Promise<void> {
    for (const [key, scope] of this.#scopes) {
      const unsure = key === "" ? this.incomplete.size > 0 : this.incomplete.has(key);
      if (unsure) await this.#leave(key, scope);
      else if (scope.dirty || (key === "" && scope.loading))
        await scope.commit({ states: new Map(), loaded: true });
    }
  }

  async #leave(key: string, scope: MessageScope): Promise<void> {
    await scope.abandon();
    const lost = key === "" ? this.#runs.keys() : [key];
    for (const stream of lost) this.incomplete.add(stream);
  }

  async abandon(): Promise<void> {
    for (const scope of this.#scopes.values()) await scope.abandon();
  }

  async #record(message: Extract<Message, { readonly type: "RECORD" }>): Promise<void> {
    const { attempt } = this.#input;
    const key = streamKey({ name: message.record.stream, namespace: message.record.namespace });
    const run = this.#runs.get(key);
    if (run === undefined) throw unknownStream(key);
    const scope = this.#scopeOf(run);
    this.#bytes += scope.buffer(key)?.add(message) ?? 0;
    // [I12] A quarter: columns being encoded and sent hold about three more copies.
    if (this.#bytes < attempt.limits.bytesInFlight / 4) return;
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
    await scope.commit({ states: new Map([[key, stream?.stream_state ?? null]]) });
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
        throw reported(trace.error);
      case "STREAM_STATUS": {
        const key = streamKey(trace.stream_status.stream_descriptor);
        if (trace.stream_status.status === "INCOMPLETE") this.incomplete.add(key);
        else if (trace.stream_status.status === "COMPLETE") this.incomplete.delete(key);
        return;
      }
      case "ESTIMATE":
      case "ANALYTICS":
        attempt.request.log("debug", `The source sent ${trace.type.toLowerCase()}.`);
    }
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
