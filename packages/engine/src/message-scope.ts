import type { ColumnBatch, JsonValue, LoadResult, LoadTransaction, StoredCheckpoint } from "@weir/protocol";
import type { AttemptContext } from "./attempt-context.ts";
import { rowMeta } from "./attempt-context.ts";
import type { PartRejects } from "./dead-letters.ts";
import { storeStream } from "./document.ts";
import type { StreamDocument } from "./document.ts";
import { commitOr, loadRead, rollBack } from "./load.ts";
import { MessageBuffer } from "./message-buffer.ts";
import { chooseRoute } from "./route.ts";
import { isIncremental } from "./select.ts";
import type { StreamRun } from "./stream-run.ts";

/** A stream's rows that wait for a state. */
interface Waiting {
  readonly run: StreamRun;
  readonly buffer: MessageBuffer;
  rejects: PartRejects | undefined;
  /** Sum of the loads since the last checkpoint. */
  loaded: LoadResult;
}

interface Settling {
  readonly waiting: Waiting;
  readonly document: StreamDocument;
  readonly rejects: PartRejects | undefined;
}

export interface ScopeCommit {
  readonly states: ReadonlyMap<string, JsonValue | null>;
  /** Checkpoints beside the streams' own. */
  readonly also?: readonly StoredCheckpoint[];
  /** The source has ended: the streams are read to their end. */
  readonly loaded?: boolean;
}

const NOTHING: LoadResult = { received: 0, written: 0, rejected: 0, changed: 0, bytes: 0 };

/** What one state covers: a stream with STREAM states, all streams otherwise. One transaction at a time. */
export class MessageScope {
  readonly #attempt: AttemptContext;
  readonly #waiting = new Map<string, Waiting>();
  #transaction: LoadTransaction | undefined;
  #part = 0;

  constructor(attempt: AttemptContext, runs: readonly StreamRun[]) {
    this.#attempt = attempt;
    for (const run of runs) {
      const fields = columnNames(attempt, run);
      this.#waiting.set(run.key, {
        run,
        buffer: new MessageBuffer(fields),
        rejects: undefined,
        loaded: NOTHING,
      });
    }
  }

  /** Whether a stream's load is under way, rows waiting or not. */
  get loading(): boolean {
    return [...this.#waiting.values()].some(({ run }) => run.document.phase === "loading");
  }

  /** Whether anything was handed to the destination or gathered since the last checkpoint. */
  get dirty(): boolean {
    return (
      this.#transaction !== undefined || [...this.#waiting.values()].some(({ buffer }) => buffer.rows > 0)
    );
  }

  buffer(key: string): MessageBuffer | undefined {
    return this.#waiting.get(key)?.buffer;
  }

  rowsSinceState(key: string): number {
    const waiting = this.#waiting.get(key);
    return waiting === undefined ? 0 : waiting.loaded.received + waiting.buffer.rows;
  }

  /** Hands the gathered rows to the destination, into the open transaction. */
  async flush(): Promise<void> {
    for (const waiting of this.#waiting.values()) {
      if (waiting.buffer.rows > 0) await this.#load(waiting);
    }
  }

  /** Commits everything gathered under the states given, in one transaction. [I1] */
  async commit({ states, also = [], loaded = false }: ScopeCommit): Promise<void> {
    await this.flush();
    const documents: Settling[] = [];
    for (const [key, waiting] of this.#waiting) {
      const state = states.has(key) ? (states.get(key) ?? null) : waiting.run.document.state;
      if (waiting.loaded.received === 0 && !states.has(key) && !loaded) continue;
      const rejects = waiting.rejects;
      // From here on the file belongs to the commit: one that fails may have happened, the next start decides.
      const file = await rejects?.seal();
      waiting.rejects = undefined;
      const files = file === undefined ? [] : [file];
      const document = waiting.run.documentAfter(state, false, waiting.loaded, files);
      const rows = waiting.loaded.received > 0;
      const covered = states.has(key) && canGoOn(waiting.run);
      const uncovered = !covered && (loaded ? rows : !isIncremental(waiting.run.planned.selected.mode));
      documents.push({
        waiting,
        rejects,
        document: { ...document, uncovered, phase: loaded ? "loaded" : "loading" },
      });
    }
    const transaction = await this.#open();
    const checkpoints = documents.map(({ waiting, document }) => storeStream(waiting.run.key, document));
    await commitOr(this.#attempt, transaction, [...checkpoints, ...also]);
    this.#transaction = undefined;
    for (const settling of documents) await this.#settle(settling);
  }

  async abandon(): Promise<void> {
    if (this.#transaction !== undefined) await rollBack(this.#attempt, this.#transaction);
    this.#transaction = undefined;
    for (const waiting of this.#waiting.values()) await waiting.rejects?.discard();
  }

  async #settle({ waiting, document, rejects }: Settling): Promise<void> {
    waiting.run.committed(document, waiting.loaded, "batch");
    await rejects?.publish();
    waiting.loaded = NOTHING;
    waiting.run.move("part committed");
    if (!this.#attempt.acknowledgesLater)
      this.#attempt.emit({ type: "checkpoint", stream: waiting.run.key, rows: document.counts });
  }

  async #open(): Promise<LoadTransaction> {
    const { session, signal, watchdog } = this.#attempt;
    this.#transaction ??= await watchdog.during("destination", "begin", () => session.transaction(signal));
    return this.#transaction;
  }

  async #load(waiting: Waiting): Promise<void> {
    const { run, buffer } = waiting;
    const attempt = this.#attempt;
    const transaction = await this.#open();
    const { sync, attempt: number } = attempt.token;
    waiting.rejects ??= attempt.deadLetters.part(run.key, sync, number, `m${++this.#part}`);
    const { batch: encoding } = chooseRoute(attempt.session, run.planned.plan, undefined);
    const batch = buffer.take();
    const before = waiting.loaded;
    const read = { form: "batches", chunks: once(batch), rows: () => batch.rows } as const;
    const earlier = before.rejected;
    const loaded = await loadRead({
      attempt,
      run,
      transaction,
      encoding,
      read,
      meta: rowMeta(attempt, run),
      rejects: waiting.rejects,
      rejectedBefore: earlier,
      signal: attempt.signal,
    });
    waiting.loaded = {
      received: before.received + loaded.received,
      written: before.written + loaded.written,
      rejected: before.rejected + loaded.rejected,
      changed: before.changed + loaded.changed,
      bytes: before.bytes + loaded.bytes,
    };
  }
}

/** A state of a full refresh that the source does not call resumable says how far it is, and no more. */
function canGoOn({ planned: { selected } }: StreamRun): boolean {
  return isIncremental(selected.mode) || selected.stream.is_resumable === true;
}

/** Columns in the order the destination's batch encoding wants them. */
function columnNames(attempt: AttemptContext, run: StreamRun): readonly string[] {
  const { batch } = chooseRoute(attempt.session, run.planned.plan, undefined);
  return batch.columns.map(({ field }) => field.name);
}

async function* once(batch: ColumnBatch): AsyncGenerator<ColumnBatch> {
  yield batch;
}
