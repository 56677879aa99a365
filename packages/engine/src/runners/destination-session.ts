import type {
  BeginRequest,
  DestinationSession,
  LoadRequest,
  LoadResult,
  LoadTransaction,
  Message,
  OpenDestination,
  StoredCheckpoint,
  StreamPlan,
  WriteMode,
} from "@weir/protocol";
import { modeUnsupported, streamKey, WeirError } from "@weir/protocol";
import { logLevelOf, reported } from "../reported.ts";
import type { Commands } from "./commands.ts";
import type { Conversation } from "./conversation.ts";
import type { Acknowledged } from "./echoes.ts";
import { Echoes, STATE_KEY } from "./echoes.ts";
import { protocolBroken } from "./failures.ts";
import type { RowsOf } from "./record-lines.ts";
import { descriptorOf, recordLines } from "./record-lines.ts";
import { writeCatalog } from "./write-catalog.ts";

export interface ChildDestinationInput {
  readonly commands: Commands;
  readonly modes: readonly WriteMode[];
  /** Without: the end of its input makes every overwrite visible. */
  readonly refreshes: boolean;
  readonly rowsOf: RowsOf;
  readonly request: OpenDestination;
}

/** One attempt's `write`. It holds nothing of ours, and says when rows are durable by sending our states back. */
export function childDestinationSession(input: ChildDestinationInput): DestinationSession {
  const session = new ChildDestinationSession(input);
  return {
    capabilities: { transactional: false, parallel: 1, modes: input.modes, acknowledgesLater: true },
    held: async () => ({ token: null, checkpoints: [] }),
    begin: (request) => session.begin(request),
    takes: ({ fields }) => [
      { format: "batch", columns: fields.map((field) => ({ field, type: "" })), cost: 4 },
    ],
    transaction: async (signal) => {
      signal.throwIfAborted();
      return new ChildTransaction(session);
    },
    finish: ({ stream, checkpoint }) => session.finish(stream, checkpoint),
    drain: () => session.drain(),
    reset: async () => undefined,
    measure: () => Promise.reject(cannotCount(input.commands.id)),
    close: () => session.close(),
  };
}

class ChildDestinationSession {
  readonly #input: ChildDestinationInput;
  readonly #echoes: Echoes;
  #conversation: Conversation | undefined;
  /** Settles when the executable has ended; never rejects. */
  #ended: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  /** What it said went wrong, of one stream or of all. */
  #reported: WeirError | undefined;
  #isOver = false;
  #draining = false;
  #streams: readonly StreamPlan[] = [];
  readonly #finished: StoredCheckpoint[] = [];
  readonly #finishedKeys = new Set<string>();
  readonly #poisoned = new Set<string>();
  /** What is told of durable rows, one after the other. */
  #telling: Promise<void> = Promise.resolve();

  constructor(input: ChildDestinationInput) {
    this.#input = input;
    this.#echoes = new Echoes(input.commands.id);
  }

  async begin(request: BeginRequest): Promise<readonly string[]> {
    const { modes, commands, request: opened } = this.#input;
    const impossible = request.streams.find(({ mode }) => !modes.includes(mode));
    if (impossible !== undefined) throw modeUnsupported(impossible, modes);
    if (request.streams.length === 0) return [];
    this.#streams = request.streams;
    const { config, context, alive } = opened;
    // What it reads is written step by step: the list here is never asked for.
    const command = { name: "write", config, catalog: writeCatalog(request), messages: nothing() } as const;
    this.#conversation = await commands.start(command, context, "destination", alive);
    this.#ended = this.#listen(this.#conversation);
    return [];
  }

  /** Sends rows; from then on they cannot be taken back. */
  async load(request: LoadRequest): Promise<LoadResult> {
    const { stream, read, signal } = request;
    if (this.#poisoned.has(stream.key)) throw sentAlready(stream.key);
    if (read.form !== "batches") throw new TypeError("This destination takes batches only.");
    let received = 0;
    let changed = 0;
    let bytes = 0;
    for await (const batch of read.chunks) {
      for (const lines of recordLines(batch, request, this.#input.rowsOf)) {
        signal.throwIfAborted();
        await this.#write(lines.text);
        received += lines.rows;
        changed += lines.changed;
        bytes += lines.text.length;
        request.progress(lines.rows, lines.text.length);
      }
    }
    return { received, written: received, rejected: 0, changed, bytes };
  }

  /** `rows`: sent since the last commit, by stream. Without any, nothing is sent. */
  async commit(
    checkpoints: readonly StoredCheckpoint[],
    rows: ReadonlyMap<StreamPlan, number>,
  ): Promise<void> {
    const waits = new Map<string, number>();
    for (const [plan, count] of rows) {
      const stream_descriptor = descriptorOf(plan);
      const key = streamKey(stream_descriptor);
      const number = this.#echoes.sent(key, count);
      waits.set(key, number);
      const stream = { stream_descriptor, stream_state: { [STATE_KEY]: number } };
      const state = { type: "STREAM", stream, id: number, sourceStats: { recordCount: count } };
      // Registered before it is sent: the echo may be quicker than this.
      if (waits.size === rows.size) this.#tell(this.#echoes.commit({ checkpoints, waits }));
      await this.#write(`${JSON.stringify({ type: "STATE", state })}\n`);
    }
    if (rows.size === 0) this.#tell(this.#echoes.commit({ checkpoints, waits }));
    // A commit that sent nothing is done when it is kept.
    if (rows.size === 0) await this.#telling;
  }

  poison(streams: Iterable<StreamPlan>): void {
    for (const { key } of streams) this.#poisoned.add(key);
  }

  async finish(plan: StreamPlan, checkpoint: StoredCheckpoint): Promise<void> {
    if (this.#poisoned.has(plan.key)) throw sentAlready(plan.key);
    const stream_status = { stream_descriptor: descriptorOf(plan), status: "COMPLETE" };
    const trace = {
      type: "STREAM_STATUS",
      emitted_at: this.#input.request.context.clock.now(),
      stream_status,
    };
    await this.#write(`${JSON.stringify({ type: "TRACE", trace })}\n`);
    this.#finished.push(checkpoint);
    this.#finishedKeys.add(plan.key);
  }

  async drain(): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return this.#telling;
    const half = this.#streams.find(({ key, mode }) => !this.#finishedKeys.has(key) && isReplacing(mode));
    if (half !== undefined && !this.#input.refreshes) {
      await conversation.close();
      throw abandoned(half.key);
    }
    this.#draining = true;
    if (!this.#isOver) conversation.endInput();
    await this.#ended;
    this.#throwFailure();
    const [missing] = this.#echoes.missing;
    if (missing !== undefined) throw this.#missing(missing);
    if (this.#finished.length > 0) this.#tell([{ checkpoints: this.#finished }]);
    await this.#telling;
  }

  async close(): Promise<void> {
    // What goes wrong now has been told, or is about an attempt that has failed.
    await this.#conversation?.close().catch(() => undefined);
    await this.#ended;
    await this.#telling.catch(() => undefined);
  }

  async #write(text: string): Promise<void> {
    this.#throwFailure();
    if (this.#isOver || this.#conversation === undefined) throw this.#early();
    await this.#conversation.write(text);
    this.#throwFailure();
  }

  /** Its output is always read, whatever its input waits for. */
  async #listen(conversation: Conversation): Promise<void> {
    try {
      for await (const messages of conversation.messages())
        for (const message of messages) this.#hear(message);
      if (this.#reported !== undefined) throw this.#reported;
      if (!this.#draining) throw this.#early();
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#isOver = true;
    }
  }

  #hear(message: Message): void {
    if (message.type === "STATE") this.#tell(this.#echoes.take(message));
    else if (message.type === "TRACE" && message.trace.type === "ERROR")
      this.#reported ??= reported(message.trace.error, "destination");
    else if (message.type === "LOG")
      this.#input.request.context.log(logLevelOf(message.log.level), message.log.message);
  }

  #tell(acknowledged: readonly Acknowledged[]): void {
    const { acknowledged: tell } = this.#input.request;
    for (const { checkpoints } of acknowledged) {
      this.#telling = this.#telling.then(() => tell?.(checkpoints));
      this.#telling.catch((error: unknown) => (this.#failure ??= { error }));
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error as Error;
  }

  #early(): WeirError {
    const speaker = { id: this.#input.commands.id, side: "destination" } as const;
    return protocolBroken(speaker, "ended before its input did", "retry");
  }

  #missing(stream: string): WeirError {
    return new WeirError({
      code: "destination.state_missing",
      message: `${this.#input.commands.id} ended well without sending back the last state of ${stream}: whether its rows are durable is not known.`,
      next: "The sync goes on after the last state that came back; if it repeats, report it to the connector's maintainer.",
      recovery: "retry",
      origin: "destination",
    });
  }
}

/** Not a transaction of the destination's: what was sent stays sent. */
class ChildTransaction implements LoadTransaction {
  readonly #session: ChildDestinationSession;
  readonly #rows = new Map<StreamPlan, number>();

  constructor(session: ChildDestinationSession) {
    this.#session = session;
  }

  async load(request: LoadRequest): Promise<LoadResult> {
    const { stream } = request;
    // Until it is known how many arrived, some may have.
    const before = this.#rows.get(stream) ?? 0;
    this.#rows.set(stream, before);
    const result = await this.#session.load(request);
    if (before + result.received > 0) this.#rows.set(stream, before + result.received);
    else this.#rows.delete(stream);
    return result;
  }

  async commit(checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    const rows = new Map(this.#rows);
    await this.#session.commit(checkpoints, rows);
    this.#rows.clear();
  }

  async rollback(): Promise<void> {
    this.#session.poison(this.#rows.keys());
    this.#rows.clear();
  }
}

function isReplacing(mode: WriteMode): boolean {
  return mode === "overwrite" || mode === "overwrite_dedup";
}

async function* nothing(): AsyncGenerator<Message> {}

function sentAlready(stream: string): WeirError {
  return new WeirError({
    code: "destination.rows_sent",
    message: `Rows of ${stream} were sent to the destination and cannot be taken back.`,
    next: "Nothing to do: the next attempt goes on after the last state that came back.",
    recovery: "retry",
    origin: "destination",
    stream,
  });
}

function abandoned(stream: string): WeirError {
  return new WeirError({
    code: "destination.load_abandoned",
    message: `Stream ${stream} was not read to its end, and the destination would show what there is of it: it was stopped before that.`,
    next: "Mend what the stream failed for; it is then loaded from the start.",
    recovery: "retry",
    origin: "destination",
  });
}

function cannotCount(id: string): WeirError {
  return new WeirError({
    code: "destination.count_unsupported",
    message: `${id} cannot count the rows of a table.`,
    next: "Leave verify out.",
    recovery: "ask",
    origin: "destination",
  });
}
