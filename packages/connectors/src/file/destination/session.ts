import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@weir/kit";
import type {
  BeginRequest,
  Context,
  DestinationCapabilities,
  DestinationSession,
  Encoding,
  FencingToken,
  FinishRequest,
  Held,
  JsonObject,
  LoadTransaction,
  Measure,
  MeasureRequest,
  SchemaNote,
  StoredCheckpoint,
  StreamPlan,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { begun, compareFence, isLost, prepare, type Prepared, takeFence } from "./begin.ts";
import { visibleFiles } from "./claims.ts";
import type { FileSettings } from "./config.ts";
import { guarded } from "./failures.ts";
import { finishOperations } from "./finish.ts";
import { Ledger } from "./ledger.ts";
import { type Manifest, type Operation, recordOf, withCheckpoints, withRecord } from "./manifest.ts";
import { refuseCollisions, tableFolder } from "./names.ts";
import { type Places, placesOf } from "./places.ts";
import { readSchema, writeSchema } from "./schema-file.ts";
import { settle, sweep } from "./settle.ts";
import type { FormatWriter, Target } from "./target.ts";
import { FileTransaction } from "./transaction.ts";

export interface SessionParts {
  readonly settings: FileSettings;
  readonly connection: string;
  readonly context: Context;
  /** Given the folder for what the writer keeps for itself while the session is open. */
  readonly format: (scratch: string) => FormatWriter;
}

export class FileSession implements DestinationSession {
  readonly capabilities: DestinationCapabilities;
  readonly #settings: FileSettings;
  readonly #connection: string;
  readonly #places: Places;
  readonly #ledger: Ledger;
  readonly #format: FormatWriter;
  readonly #context: Context;
  readonly #id = randomUUID().slice(0, 13);
  readonly #targets = new Map<string, Target>();
  readonly #open = new Set<FileTransaction>();
  /** Operations this session has done since they were committed. */
  readonly #done = new Set<string>();
  #token: FencingToken | undefined;
  #transactions = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ settings, connection, context, format }: SessionParts) {
    this.#settings = settings;
    this.#connection = connection;
    this.#context = context;
    this.#places = placesOf(settings.folder, connection);
    this.#ledger = new Ledger(this.#places, connection, this.#id, context.clock);
    this.#format = format(join(this.#places.open, `${this.#id}-scratch`));
    this.capabilities = {
      transactional: true,
      parallel: this.#format.parallel,
      modes: ["append", "overwrite"],
    };
  }

  async held(): Promise<Held> {
    const { token, checkpoints } = await this.#ledger.read();
    return { token, checkpoints };
  }

  async begin(request: BeginRequest): Promise<readonly SchemaNote[]> {
    return this.#alone(() => guarded(this.#places.root, () => this.#begin(request)));
  }

  async #begin(request: BeginRequest): Promise<readonly SchemaNote[]> {
    const { token, streams } = request;
    refuseCollisions(streams);
    const isMine = this.#token !== undefined;
    const manifest = await this.#publish((before) => {
      // Whoever took over in between is not to be thrown out again.
      if (isMine) compareFence(before, token, this.#id);
      return takeFence(before, token, this.#id);
    });
    this.#token = token;
    await this.#ledger.sweep();
    await sweep(this.#places, manifest, this.#id, this.#context.clock.now());
    const scene = {
      places: this.#places,
      settings: this.#settings,
      connection: this.#connection,
      session: this.#id,
    };
    if (streams.length > 0) await this.#format.prepare();
    const prepared: Prepared[] = [];
    for (const plan of streams) prepared.push(await prepare(scene, plan, manifest));
    await this.#commit((before) => {
      compareFence(before, token, this.#id);
      return begun(
        before,
        request,
        this.#id,
        prepared.map(({ record }) => record),
      );
    });
    for (const { target } of prepared) {
      await writeSchema(join(this.#places.root, target.staged ?? target.folder), target.schema, this.#id);
      this.#targets.set(target.plan.key, target);
    }
    return prepared.flatMap(({ notes }) => notes);
  }

  async missing(streams: readonly StreamPlan[]): Promise<readonly string[]> {
    const manifest = await this.#ledger.read();
    const lost: string[] = [];
    for (const plan of streams) if (await isLost(this.#places, plan, manifest)) lost.push(plan.key);
    return lost;
  }

  takes(stream: StreamPlan): readonly Encoding[] {
    return this.#format.takes(this.#target(stream.key));
  }

  async transaction(signal: AbortSignal): Promise<LoadTransaction> {
    signal.throwIfAborted();
    this.#transactions += 1;
    const folder = join(this.#places.open, `${this.#id}-${this.#transactions}`);
    const writer = await guarded(this.#places.root, async () => {
      await makeFolder(folder);
      return this.#format.writer(folder, signal);
    });
    const transaction = new FileTransaction({
      places: this.#places,
      writer,
      folder,
      target: (stream) => this.#target(stream),
      commit: (checkpoints, operations) =>
        this.#alone(async () => {
          await this.#publish((before) => this.#added(before, checkpoints, operations));
        }),
      reason: (error) => this.#reason(error),
      over: () => void this.#open.delete(transaction),
    });
    this.#open.add(transaction);
    return transaction;
  }

  async finish(request: FinishRequest): Promise<void> {
    request.signal.throwIfAborted();
    const target = this.#target(request.stream.key);
    await this.#alone(async () => {
      compareFence(await this.#ledger.read(), this.#mine(), this.#id);
      this.#transactions += 1;
      const folder = join(this.#places.open, `${this.#id}-${this.#transactions}`);
      const scene = { places: this.#places, format: this.#format, session: this.#id, folder };
      const operations = await guarded(this.#places.root, () => finishOperations(scene, target, request));
      await this.#publish((before) => {
        const after = this.#added(before, [request.checkpoint], operations);
        const record = recordOf(before, target.plan.key);
        if (record === undefined) return after;
        return { ...after, streams: withRecord(after.streams, { ...record, staged: null }) };
      });
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    });
  }

  async reset(
    checkpoints: readonly { readonly stream: string; readonly document: JsonObject | null }[],
  ): Promise<void> {
    await this.#alone(() =>
      this.#commit((before) => ({
        ...before,
        checkpoints: withCheckpoints(before.checkpoints, checkpoints),
      })),
    );
  }

  async measure(stream: StreamPlan, request: MeasureRequest): Promise<Measure> {
    return guarded(this.#places.root, async () => {
      await this.#alone(async () => this.#settle(await this.#ledger.read()));
      const folder = join(this.#places.root, tableFolder(stream.table));
      const schema = await readSchema(folder);
      if (schema === undefined) return { rows: 0, ...(request.key.length === 0 ? {} : { checksum: "0" }) };
      const files = (await visibleFiles(folder, stream.key)).map((path) => join(folder, path));
      return this.#format.measure(stream, schema, files, request);
    });
  }

  async close(): Promise<void> {
    for (const transaction of this.#open) await transaction.rollback();
    await this.#format.close();
  }

  async #reason(error: unknown): Promise<unknown> {
    const mine = this.#token;
    if (mine === undefined) return error;
    try {
      compareFence(await this.#ledger.read(), mine, this.#id);
      return error;
    } catch (other) {
      return other instanceof WeirError && other.failure.code === "destination.fenced" ? other : error;
    }
  }

  #target(key: string): Target {
    const target = this.#targets.get(key);
    if (target === undefined) throw new Error(`Stream ${key} was not begun.`);
    return target;
  }

  #mine(): FencingToken {
    if (this.#token === undefined) throw new Error("commit and finish come after begin.");
    return this.#token;
  }

  #added(
    before: Manifest,
    checkpoints: readonly StoredCheckpoint[],
    operations: readonly Operation[],
  ): Manifest {
    compareFence(before, this.#mine(), this.#id);
    return {
      ...before,
      checkpoints: withCheckpoints(before.checkpoints, checkpoints),
      pending: [...before.pending, ...operations],
    };
  }

  async #publish(change: (before: Manifest) => Manifest): Promise<Manifest> {
    const manifest = await this.#commit(change);
    await this.#settle(manifest);
    return manifest;
  }

  /** What is done needs no longer stand in the manifest. */
  #commit(change: (before: Manifest) => Manifest): Promise<Manifest> {
    return this.#ledger.commit((before) =>
      change({ ...before, pending: before.pending.filter(({ id }) => !this.#done.has(id)) }),
    );
  }

  async #settle(manifest: Manifest): Promise<void> {
    const pending = manifest.pending.filter(({ id }) => !this.#done.has(id));
    await settle(this.#places, pending);
    this.#done.clear();
    for (const { id } of manifest.pending) this.#done.add(id);
  }

  /** Commits of one session come one after the other; those of others meet them in the ledger. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
