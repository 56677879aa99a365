import type {
  ColumnBatch,
  DestinationConnector,
  DestinationSession,
  FencingToken,
  Message,
  StateMessage,
  StreamDescriptor,
  Trace,
} from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
import { Gathered } from "./gathered.ts";
import { Loader } from "./loader.ts";
import type { Scene, WriteCommand } from "./scene.ts";
import { checkpointOf, connectionOf, nextToken, planStream, type WriteStream } from "./write-plan.ts";

/** Loads what the input brings, and echoes each state once everything before it is durable. */
export async function write(
  connector: DestinationConnector,
  command: WriteCommand,
  scene: Scene,
): Promise<void> {
  const { context } = scene;
  const { catalog } = command;
  const config = scene.configured(command.config);
  const connection = scene.connection ?? connectionOf(catalog);
  const session = await connector.open({ config, connection, context });
  try {
    const token = nextToken((await session.held()).token, catalog, scene.random);
    await session.begin({ token, streams: [], checkpoints: [] });
    const held = new Map(
      (await session.held()).checkpoints.map(({ stream, document }) => [stream, document]),
    );
    const streams = catalog.streams.map((stream) => planStream(stream, held.get(streamKey(stream.stream))));
    await mergeLeftovers(session, token, streams, context.signal);
    const notes = await session.begin({
      token,
      streams: streams.map(({ plan }) => plan),
      checkpoints: streams.map((stream) => checkpointOf(stream, "loading")),
    });
    for (const note of notes) context.log("info", note);
    const loader = new Loader({ session, token, scene });
    const writing = new Writing({ session, token, loader, streams, scene });
    try {
      await writing.run(command.messages);
    } finally {
      await writing.stop();
      await loader.rollback();
    }
  } finally {
    await session.close();
  }
}

/** Rows staged by an earlier run that the plans of this one do not reach. */
async function mergeLeftovers(
  session: DestinationSession,
  token: FencingToken,
  streams: readonly WriteStream[],
  signal: AbortSignal,
): Promise<void> {
  const leftovers = streams.flatMap(({ leftover }) => leftover ?? []);
  if (leftovers.length === 0) return;
  await session.begin({ token, streams: leftovers, checkpoints: [] });
  for (const stream of leftovers) {
    const checkpoint = checkpointOf({ plan: stream }, "complete");
    await session.finish({ stream, checkpoint, overlap: false, since: 0, signal });
  }
}

/** Records held in memory before they are loaded, in bytes; columns being sent hold about three more copies. */
const GATHER_BYTES = 16 * 1024 * 1024;

/** A state waits this long for others, so that many small ones share a commit. */
const ACKNOWLEDGE_MS = 100;

interface WritingScene {
  readonly session: DestinationSession;
  readonly token: FencingToken;
  readonly loader: Loader;
  readonly streams: readonly WriteStream[];
  readonly scene: Scene;
}

interface StreamWriting {
  readonly stream: WriteStream;
  readonly gathered: Gathered;
  status: "open" | "complete" | "incomplete";
  /** Rows since the last state that covers the stream. */
  rows: number;
  /** Rows refused since the last state that was echoed. */
  rejected: number;
}

interface Taken {
  readonly writing: StreamWriting;
  readonly batch: ColumnBatch;
}

interface WaitingState {
  readonly message: StateMessage;
  readonly rows: number;
  readonly covers: readonly StreamWriting[];
}

class Writing {
  readonly #input: WritingScene;
  readonly #streams: ReadonlyMap<string, StreamWriting>;
  /** By namespace and name as they stand in a record: a stream key is too dear to make for each one. */
  readonly #byName = new Map<string | undefined, Map<string, StreamWriting>>();
  readonly #failed = Promise.withResolvers<never>();
  #states: WaitingState[] = [];
  #bytes = 0;
  #last: Promise<void> = Promise.resolve();
  #isTimed = false;
  #isStopped = false;

  constructor(input: WritingScene) {
    this.#input = input;
    this.#failed.promise.catch(() => {});
    this.#streams = new Map(
      input.streams.map((stream) => {
        const gathered = new Gathered(input.loader.fieldsOf(stream));
        return [stream.plan.key, { stream, gathered, status: "open", rows: 0, rejected: 0 }];
      }),
    );
  }

  async run(messages: AsyncIterable<Message>): Promise<void> {
    const { signal } = this.#input.scene.context;
    // The input may stay silent for ever: whoever writes it need not know that this one is to end.
    const stop = (): void => this.#failed.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([this.#take(messages), this.#failed.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
    await this.#settle();
    await this.#end();
  }

  /** What is being loaded ends without a commit and without an echo: its transaction is about to be rolled back. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last.catch(() => undefined);
  }

  async #take(messages: AsyncIterable<Message>): Promise<void> {
    const { signal } = this.#input.scene.context;
    for await (const message of messages) {
      signal.throwIfAborted();
      if (message.type === "RECORD") {
        const { stream: name, namespace } = message.record;
        const writing = this.#named(name, namespace);
        if (writing.status === "complete") throw afterComplete(writing.stream.plan.key);
        writing.rows += 1;
        this.#bytes += writing.gathered.add(message);
        if (this.#bytes >= GATHER_BYTES) await this.#flush();
      } else if (message.type === "STATE") {
        this.#state(message);
      } else if (message.type === "TRACE") {
        await this.#trace(message.trace);
      }
    }
    signal.throwIfAborted();
  }

  #named(name: string, namespace: string | undefined): StreamWriting {
    const names = this.#byName.get(namespace) ?? new Map<string, StreamWriting>();
    this.#byName.set(namespace, names);
    const writing = names.get(name) ?? this.#find({ name, namespace });
    names.set(name, writing);
    return writing;
  }

  #find(descriptor: StreamDescriptor): StreamWriting {
    const key = streamKey(descriptor);
    const found = this.#streams.get(key);
    if (found === undefined) throw unasked(key);
    return found;
  }

  #state(message: StateMessage): void {
    const { stream } = message.state;
    const covers =
      stream === undefined ? [...this.#streams.values()] : [this.#find(stream.stream_descriptor)];
    let rows = 0;
    for (const each of covers) {
      rows += each.rows;
      each.rows = 0;
    }
    this.#states.push({ message, rows, covers });
    if (this.#isTimed) return;
    this.#isTimed = true;
    const { clock, signal } = this.#input.scene.context;
    void clock
      .sleep(ACKNOWLEDGE_MS, signal)
      .then(() => {
        this.#isTimed = false;
        return this.#settle();
      })
      .catch((error: unknown) => this.#failed.reject(error));
  }

  async #trace(trace: Trace): Promise<void> {
    if (trace.type !== "STREAM_STATUS") return;
    const { stream_descriptor, status } = trace.stream_status;
    const writing = this.#find(stream_descriptor);
    if (status === "INCOMPLETE") writing.status = "incomplete";
    if (status !== "COMPLETE" || writing.status === "complete") return;
    writing.status = "complete";
    await this.#settle();
    await this.#alone(() => this.#finish(writing, "complete"));
  }

  /** The end of the input: what is complete has been made visible, of the rest the rows are kept. */
  async #end(): Promise<void> {
    const { session, scene } = this.#input;
    for (const writing of this.#streams.values()) {
      const { stream, status } = writing;
      if (status === "complete") continue;
      if (status === "open" && stream.completesAtEnd) await this.#finish(writing, "complete");
      else {
        // Nothing is replaced, so what came can be shown; and no staged row depends on there being a next run.
        if (stream.plan.mode === "append_dedup") await this.#finish(writing, "loading");
        scene.context.log("warn", `${stream.plan.key}: the input ended without its status COMPLETE.`);
      }
    }
    await session.drain?.(scene.context.signal);
  }

  async #finish({ stream }: StreamWriting, phase: "complete" | "loading"): Promise<void> {
    const { session, token, scene } = this.#input;
    const { signal } = scene.context;
    const ending = phase === "complete" ? stream.ending : undefined;
    if (ending !== undefined) await session.begin({ token, streams: [ending], checkpoints: [] });
    const checkpoint = checkpointOf(stream, phase);
    await session.finish({ stream: ending ?? stream.plan, checkpoint, overlap: false, since: 0, signal });
  }

  /** Hands over what is gathered, without an end to the transaction unless a state waits for it. */
  #flush(): Promise<void> {
    return this.#states.length > 0 ? this.#settle() : this.#alone(() => this.#loadAll(this.#takeAll()));
  }

  /** Makes everything so far durable, then echoes the states that waited for it. */
  #settle(): Promise<void> {
    return this.#alone(async () => {
      // Taken together, and before any wait: what comes meanwhile is for the next time.
      const loads = this.#takeAll();
      const states = this.#states;
      this.#states = [];
      await this.#loadAll(loads);
      if (this.#isStopped) return;
      await this.#input.loader.commit();
      for (const message of this.#echoes(states)) await this.#input.scene.outbox.push(message);
    });
  }

  #takeAll(): readonly Taken[] {
    this.#bytes = 0;
    return [...this.#streams.values()].flatMap((writing) => {
      const batch = writing.gathered.take();
      return batch === undefined ? [] : [{ writing, batch }];
    });
  }

  async #loadAll(loads: readonly Taken[]): Promise<void> {
    for (const { writing, batch } of loads) {
      writing.rejected += await this.#input.loader.load({ stream: writing.stream, batch });
    }
  }

  /** Rows refused are counted with the last of the states that were committed together and can have them. */
  #echoes(states: readonly WaitingState[]): readonly StateMessage[] {
    const echoes: StateMessage[] = [];
    for (const { message, rows, covers } of states.toReversed()) {
      let rejected = 0;
      for (const writing of covers) {
        const here = Math.min(writing.rejected, rows - rejected);
        writing.rejected -= here;
        rejected += here;
      }
      const destinationStats = {
        recordCount: rows - rejected,
        ...(rejected === 0 ? {} : { rejectedRecordCount: rejected }),
      };
      echoes.push({ ...message, state: { ...message.state, destinationStats } });
    }
    return echoes.toReversed();
  }

  #alone(act: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(act);
    this.#last = mine;
    // The next in line fails with it; nobody else may be listening.
    mine.catch(() => {});
    return mine;
  }
}

function unasked(stream: string): WeirError {
  return new WeirError({
    code: "source.stream_unasked",
    message: `The input speaks of stream "${stream}", which is not in the catalog.`,
    next: "Give the catalog that the source was read with.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}

function afterComplete(stream: string): WeirError {
  return new WeirError({
    code: "source.record_after_complete",
    message: `A record of stream ${stream} came after its status COMPLETE.`,
    next: "Report it to the maintainer of whatever writes the input.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
