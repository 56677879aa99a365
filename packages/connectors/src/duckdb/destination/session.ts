import type {
  BeginRequest,
  DestinationCapabilities,
  DestinationSession,
  Encoding,
  FencingToken,
  FinishRequest,
  Held,
  LoadTransaction,
  Measure,
  MeasureRequest,
  MissingColumns,
  SchemaNote,
  StoredCheckpoint,
  StreamPlan,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { begin } from "./begin.ts";
import { readCatalog } from "./catalog.ts";
import { isMissingTable } from "./failures.ts";
import { Pipes } from "./fifo.ts";
import { finish } from "./finish.ts";
import {
  addCheckpoints,
  compareFence,
  CREATE_LEDGER,
  nextEntry,
  pruneStream,
  readHeld,
  type Reset,
  resetCheckpoints,
} from "./ledger.ts";
import type { Link } from "./link.ts";
import { measure } from "./measure.ts";
import { columnNames, tableName } from "./names.ts";
import type { SharedFile } from "./shared-file.ts";
import { fold } from "./sql.ts";
import { encodingsOf } from "./takes.ts";
import type { Target } from "./target.ts";
import { DuckTransaction } from "./transaction.ts";

export interface SessionParts {
  readonly file: SharedFile;
  readonly connection: string;
  /** For streams without a namespace. */
  readonly schema: string;
  readonly threads: number;
}

export class DuckdbSession implements DestinationSession {
  readonly capabilities: DestinationCapabilities;
  readonly #file: SharedFile;
  readonly #connection: string;
  readonly #schema: string;
  readonly #targets = new Map<string, Target>();
  readonly #links = new Set<Link>();
  readonly #loads = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #token: FencingToken | undefined;
  #pipes: Pipes | undefined;
  #joined = false;
  #left: Promise<void> | undefined;

  constructor({ file, connection, schema, threads }: SessionParts) {
    this.#file = file;
    this.#connection = connection;
    this.#schema = schema;
    this.capabilities = {
      transactional: true,
      // Each holds row groups and buffers of its own, some 100 MB together.
      parallel: Math.min(3, Math.max(2, threads)),
      modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
    };
  }

  async held(): Promise<Held> {
    return this.#with(async (link) => {
      try {
        return await readHeld(link, this.#connection);
      } catch (error) {
        if (isMissingTable(error)) return { token: null, checkpoints: [] };
        throw error;
      }
    });
  }

  async begin(request: BeginRequest): Promise<readonly SchemaNote[]> {
    if (request.streams.length > 0 && !this.#joined) {
      this.#joined = true;
      this.#pipes = await Pipes.join();
    }
    const scene = { connection: this.#connection, schema: this.#schema };
    await this.#file.checkThere();
    const { targets, notes } = await this.#file.alone(() =>
      this.#transact(async (link) => {
        const begun = await begin(link, scene, request);
        await link.run("COMMIT");
        return begun;
      }),
    );
    this.#token = request.token;
    for (const target of targets) this.#targets.set(target.plan.key, target);
    return notes;
  }

  async missing(streams: readonly StreamPlan[]): Promise<readonly string[]> {
    if (streams.length === 0) return [];
    const catalog = await this.#with((link) => readCatalog(link));
    return streams
      .filter((stream) => catalog.table(tableName(stream, this.#schema)) === undefined)
      .map(({ key }) => key);
  }

  async missingColumns(streams: readonly StreamPlan[]): Promise<readonly MissingColumns[]> {
    if (streams.length === 0) return [];
    const catalog = await this.#with((link) => readCatalog(link));
    return streams.map((stream) => {
      const { columns = new Map() } = catalog.table(tableName(stream, this.#schema)) ?? {};
      const spelled = new Map([...columns].map(([key, { name }]) => [key, name]));
      const names = [...columnNames(stream.fields, spelled)];
      return {
        stream: stream.key,
        fields: names.filter(([, name]) => !columns.has(fold(name))).map(([field]) => field),
      };
    });
  }

  takes(stream: StreamPlan): readonly Encoding[] {
    return encodingsOf(this.#target(stream.key), this.#pipes !== undefined);
  }

  async transaction(signal: AbortSignal): Promise<LoadTransaction> {
    signal.throwIfAborted();
    const link = await this.#link();
    await link.run("BEGIN TRANSACTION");
    return new DuckTransaction({
      link,
      hub: this.#file.hub,
      path: this.#file.path,
      pipes: this.#pipes,
      target: (stream) => this.#target(stream),
      closing: this.#closing.signal,
      loading: (load) => this.#loading(load),
      commit: (checkpoints) => this.#commit(link, checkpoints, false),
      close: () => this.#leave(link),
    });
  }

  async finish(request: FinishRequest): Promise<void> {
    request.signal.throwIfAborted();
    const target = this.#target(request.stream.key);
    await this.#transact(async (link) => {
      await finish({ link, connection: this.#connection, target, request });
      await this.#commit(link, [request.checkpoint], true);
    });
  }

  async reset(checkpoints: readonly Reset[]): Promise<void> {
    await this.#file.alone(() =>
      this.#transact(async (link) => {
        await link.run(CREATE_LEDGER);
        await resetCheckpoints(link, this.#connection, checkpoints);
        await link.run("COMMIT");
      }),
    );
  }

  async measure(stream: StreamPlan, request: MeasureRequest): Promise<Measure> {
    return this.#with((link) => measure(link, stream, this.#schema, request));
  }

  /** Loads and queries that are running are ended first. */
  close(): Promise<void> {
    this.#left ??= this.#end();
    return this.#left;
  }

  async #end(): Promise<void> {
    this.#closing.abort(closed());
    await Promise.allSettled(this.#loads);
    await Promise.all([...this.#links].map((link) => link.end()));
    this.#links.clear();
    if (this.#joined) await Pipes.leave().catch(() => undefined);
    this.#joined = false;
    await this.#file.leave();
  }

  #loading(load: Promise<unknown>): void {
    this.#loads.add(load);
    const over = (): void => void this.#loads.delete(load);
    load.then(over, over);
  }

  /** The end of a transaction. */
  async #leave(link: Link): Promise<void> {
    await link.end();
    this.#links.delete(link);
    await this.#file.trim();
  }

  #target(key: string): Target {
    const target = this.#targets.get(key);
    if (target === undefined) throw new Error(`Stream ${key} was not begun.`);
    return target;
  }

  /**
   * Compares the fence and commits, alone: a `begin` of a later attempt comes before, and is seen here, or after. The
   * comparison runs outside the transaction, which still sees the file as it was when it began.
   */
  async #commit(link: Link, checkpoints: readonly StoredCheckpoint[], isOver: boolean): Promise<void> {
    const token = this.#token;
    if (token === undefined) throw new Error("commit comes after begin.");
    const connection = this.#connection;
    await this.#file.alone(async () => {
      const entry = await this.#with(async (fresh) => {
        await compareFence(fresh, connection, token);
        return nextEntry(fresh);
      });
      await addCheckpoints(link, { connection, token, entry, checkpoints });
      await this.#file.checkThere();
      // Parts of other streams may be open, of a stream that is over there are none.
      if (isOver) for (const { stream } of checkpoints) await pruneStream(link, connection, stream, entry);
      await link.run("COMMIT");
    });
  }

  async #link(): Promise<Link> {
    this.#closing.signal.throwIfAborted();
    const link = await this.#file.connect();
    if (this.#closing.signal.aborted) link.close();
    this.#closing.signal.throwIfAborted();
    this.#links.add(link);
    return link;
  }

  #close(link: Link): void {
    this.#links.delete(link);
    link.close();
  }

  async #with<T>(act: (link: Link) => Promise<T>): Promise<T> {
    const link = await this.#link();
    try {
      return await act(link);
    } finally {
      this.#close(link);
    }
  }

  /** Closing rolls back what `act` did not commit. */
  #transact<T>(act: (link: Link) => Promise<T>): Promise<T> {
    return this.#with(async (link) => {
      await link.run("BEGIN TRANSACTION");
      return act(link);
    });
  }
}

function closed(): WeirError {
  return new WeirError({
    code: "destination.session_closed",
    message: "The destination was closed in the middle of a load.",
    next: "Nothing: the next sync goes on from the last checkpoint.",
    recovery: "retry",
    origin: "destination",
  });
}
