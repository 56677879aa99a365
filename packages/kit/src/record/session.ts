import type {
  BeginRequest,
  DestinationSession,
  FencingToken,
  FinishRequest,
  Held,
  JsonObject,
  StoredCheckpoint,
  StreamPlan,
  WriteMode,
} from "@weir/protocol";
import { isObject, modeUnsupported, WeirError } from "@weir/protocol";
import type { RecordWriter } from "./writer.ts";
import { Spool } from "./spool.ts";
import { writerTransaction } from "./transaction.ts";

/** A destination session over a writer. Its document is `{ token, checkpoints: { <stream>: document } }`. */
export function writerSession(writer: RecordWriter, modes: readonly WriteMode[]): DestinationSession {
  const session = new WriterSession(writer, modes);
  const transactional = writer.held !== undefined;
  return {
    capabilities: { transactional, parallel: 1, modes },
    held: () => session.held(),
    begin: (request) => session.begin(request),
    takes: ({ fields }) => [
      { format: "batch", columns: fields.map((field) => ({ field, type: "" })), cost: 4 },
    ],
    transaction: async (signal) => {
      signal.throwIfAborted();
      return writerTransaction({
        spool: transactional ? session.spool() : undefined,
        write: (stream, rows) => session.alone(() => writer.write(stream, rows, signal)),
        commit: (checkpoints, spool) => session.commit(checkpoints, spool, signal),
      });
    },
    finish: (request) => session.finish(request),
    reset: (checkpoints) => session.reset(checkpoints),
    measure: async () => {
      throw cannotCount();
    },
    close: () => session.close(),
  };
}

class WriterSession {
  readonly #writer: RecordWriter;
  readonly #modes: readonly WriteMode[];
  readonly #streams = new Map<string, StreamPlan>();
  #token: FencingToken | null = null;
  #last: Promise<unknown> = Promise.resolve();
  readonly #spools = new Set<Spool>();

  constructor(writer: RecordWriter, modes: readonly WriteMode[]) {
    this.#writer = writer;
    this.#modes = modes;
  }

  /** Calls to the writer never overlap. */
  alone<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(act);
    this.#last = mine.catch(() => {});
    return mine;
  }

  spool(): Spool {
    const spool = new Spool(() => this.#spools.delete(spool));
    this.#spools.add(spool);
    return spool;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#spools].map((spool) => spool.discard()));
    await this.alone(async () => this.#writer.close?.()).catch(() => {});
  }

  async held(): Promise<Held> {
    const document = (await this.#writer.held?.()) ?? {};
    const checkpoints = isObject(document["checkpoints"]) ? Object.entries(document["checkpoints"]) : [];
    return {
      token: tokenOf(document),
      checkpoints: checkpoints.flatMap(([stream, value]) =>
        isObject(value) ? [{ stream, document: value }] : [],
      ),
    };
  }

  async begin({ token, streams, checkpoints }: BeginRequest): Promise<readonly string[]> {
    for (const stream of streams) {
      if (!this.#modes.includes(stream.mode)) throw modeUnsupported(stream, this.#modes);
    }
    refuseCollisions(streams);
    this.#token = token;
    await this.#refuseOlder();
    for (const stream of streams) this.#streams.set(stream.key, stream);
    await this.alone(async () => {
      await this.#writer.begin?.(streams);
      // The fence is taken when the token is stored, not when the first rows are.
      await this.#writer.commit?.(await this.#documentWith(checkpoints));
    });
    return [];
  }

  async commit(
    checkpoints: readonly StoredCheckpoint[],
    spool: Spool | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    await this.alone(async () => {
      const document = await this.#documentWith(checkpoints);
      for await (const { key, rows } of spool?.batches() ?? []) {
        const stream = this.#streams.get(key);
        if (stream === undefined) throw new TypeError(`Stream ${key} was not begun.`);
        const refused = await this.#writer.write(stream, rows, signal);
        if (refused !== undefined && refused.length > 0)
          throw new TypeError("A writer with held refuses no rows.");
      }
      await this.#writer.commit?.(document);
    });
  }

  async finish({ stream, checkpoint, overlap }: FinishRequest): Promise<void> {
    if (overlap && stream.primaryKey.length > 0) throw cannotSort(stream);
    await this.alone(async () => {
      const document = await this.#documentWith([checkpoint]);
      await this.#writer.finish?.(stream, document);
    });
  }

  async reset(
    changes: readonly { readonly stream: string; readonly document: JsonObject | null }[],
  ): Promise<void> {
    if (this.#writer.held === undefined) return;
    await this.alone(async () => {
      await this.#writer.commit?.(await this.#documentWith(changes));
    });
  }

  /** What is held with the changes made; only the holder of the greatest token may write it. */
  async #documentWith(
    changes: readonly { readonly stream: string; readonly document: JsonObject | null }[],
  ): Promise<JsonObject> {
    const held = await this.#refuseOlder();
    const kept = new Map(held.checkpoints.map(({ stream, document }) => [stream, document]));
    for (const { stream, document } of changes) {
      if (document === null) kept.delete(stream);
      else kept.set(stream, document);
    }
    const token = this.#token ?? held.token;
    return { token: token === null ? null : { ...token }, checkpoints: Object.fromEntries(kept) };
  }

  async #refuseOlder(): Promise<Held> {
    const held = await this.held();
    const [own, other] = [this.#token, held.token];
    if (own === null || other === null || own.sync > other.sync) return held;
    if (own.sync === other.sync && own.attempt >= other.attempt) return held;
    throw new WeirError({
      code: "destination.fenced",
      message: "A later attempt of this connection has taken over the destination.",
      next: "Let it finish; run only one sync of a connection at a time.",
      recovery: "stop",
      origin: "destination",
    });
  }
}

function tokenOf(document: JsonObject): FencingToken | null {
  const token = document["token"];
  if (!isObject(token)) return null;
  const { sync, attempt } = token;
  return typeof sync === "number" && typeof attempt === "number" ? { sync, attempt } : null;
}

function refuseCollisions(streams: readonly StreamPlan[]): void {
  const taken = new Map<string, string>();
  for (const { table, key } of streams) {
    const name = `${table.namespace ?? ""}.${table.name}`.toLowerCase();
    const other = taken.get(name);
    if (other !== undefined) {
      throw new WeirError({
        code: "destination.names_collide",
        message: `The streams ${other} and ${key} would be written to one place, ${table.name}.`,
        next: "Give one of them another prefix or namespace.",
        recovery: "ask",
        origin: "destination",
      });
    }
    taken.set(name, key);
  }
}

function cannotSort(stream: StreamPlan): WeirError {
  return new WeirError({
    code: "destination.overlap_unsupported",
    message: `The read of ${stream.key} was continued and gave some rows twice; this destination cannot tell them apart.`,
    next: "Refresh the stream: it is then read anew.",
    recovery: "ask",
    origin: "destination",
    stream: stream.key,
  });
}

function cannotCount(): WeirError {
  return new WeirError({
    code: "destination.not_countable",
    message: "This destination cannot count its rows.",
    next: "Run the sync without verification.",
    recovery: "ask",
    origin: "destination",
  });
}
