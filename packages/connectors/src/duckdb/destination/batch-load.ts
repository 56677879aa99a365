import { rowsOf } from "@weir/kit";
import type { ColumnBatch, LoadRequest, LoadResult, PartRead } from "@weir/protocol";
import { BatchFeed, type FeedBatch } from "./batch-feed.ts";
import { prepare } from "./columns.ts";
import { duckdbError } from "./failures.ts";
import type { FeedHub } from "./feed.ts";
import {
  createTrial,
  dropRefused,
  fromFeed,
  insertSql,
  insertTrial,
  insertTried,
  type NumberedParts,
} from "./insert.ts";
import type { Link } from "./link.ts";
import { ChangeLog, type Prepared } from "./prepared.ts";
import { metaText } from "./row-meta.ts";
import { refusedRows } from "./rules.ts";
import type { Target } from "./target.ts";
import type { ColumnType } from "./types.ts";
import { isUnfit, mergeFields, withoutRows } from "./unfit-keys.ts";

/**
 * Rows given to one INSERT: a whole row group, which DuckDB compresses and writes to the file at once. Fewer stay in
 * memory and are copied together later, at twice the CPU time.
 */
const INSERT_ROWS = 122_880;

/** Wide rows are given sooner, so that few of them are held. */
const INSERT_BYTES = 32 * 1024 * 1024;

export interface LoadScene {
  readonly link: Link;
  readonly hub: FeedHub;
  readonly target: Target;
  readonly path: string;
  /** Bytes of rows given to one INSERT, instead of the usual 32 MB. */
  readonly insertBytes?: number | undefined;
  /** Called after each INSERT of batches with what it wrote, before the next one begins. */
  readonly inserted?:
    | ((written: { readonly rows: number; readonly bytes: number }) => Promise<void>)
    | undefined;
}

interface ReadyBatch extends FeedBatch {
  /** Where rows differ in it. */
  readonly meta: Prepared | undefined;
  readonly extractedAt: Prepared | undefined;
  /** For showing rejected rows. */
  readonly source: ColumnBatch | undefined;
}

type Batches = Extract<PartRead, { readonly form: "batches" }>;

/** Loads column batches. While DuckDB writes some, the next ones are read and checked. */
export async function loadBatches(
  scene: LoadScene,
  request: LoadRequest,
  read: Batches,
): Promise<LoadResult> {
  const load = new BatchLoad(scene, request);
  try {
    for await (const batch of read.chunks) {
      request.signal.throwIfAborted();
      await load.add(batch);
    }
    return await load.end();
  } finally {
    await load.settle();
  }
}

class BatchLoad {
  readonly #scene: LoadScene;
  readonly #request: LoadRequest;
  readonly #key: ReadonlySet<string>;
  #waiting: ReadyBatch[] = [];
  #waitingRows = 0;
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #trial = false;
  readonly #insertBytes: number;
  readonly #counts = { received: 0, written: 0, rejected: 0, changed: 0, bytes: 0 };

  constructor(scene: LoadScene, request: LoadRequest) {
    this.#scene = scene;
    this.#insertBytes = scene.insertBytes ?? INSERT_BYTES;
    this.#request = request;
    this.#key = mergeFields(scene.target.plan);
  }

  async add(batch: ColumnBatch): Promise<void> {
    if (batch.rows === 0) return;
    const ready = await this.#ready(batch);
    if (ready.rows > 0) this.#waiting.push(ready);
    this.#waitingRows += ready.rows;
    this.#waitingBytes += batch.bytes;
    this.#counts.received += batch.rows;
    this.#counts.bytes += batch.bytes;
    this.#request.progress(batch.rows, batch.bytes);
    if (this.#waitingRows >= INSERT_ROWS || this.#waitingBytes >= this.#insertBytes) await this.#flush();
  }

  async end(): Promise<LoadResult> {
    await this.#flush();
    await this.#writing;
    return { ...this.#counts };
  }

  /** Waits for a query that an error elsewhere left running. Never throws. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async #ready(batch: ColumnBatch): Promise<ReadyBatch> {
    const { target } = this.#scene;
    const log = new ChangeLog(batch.changes);
    const columns = target.columns.map((column, index) => {
      const values = batch.columns[index];
      if (values === undefined)
        throw new TypeError(`The batch has no column for field "${column.field.name}".`);
      return prepare(column, values, batch.rows, log);
    });
    const unfit = new Set(log.rows().filter((row) => isUnfit(log.of(row), this.#key)));
    if (unfit.size > 0) {
      await this.#rejectUnfit(batch, unfit);
      return this.#ready(withoutRows(batch, unfit));
    }
    this.#counts.changed += log.size;
    return {
      rows: batch.rows,
      bytes: batch.bytes,
      first: this.#counts.received,
      columns,
      meta: log.size === 0 ? undefined : this.#metas(batch.rows, log),
      extractedAt: batch.emittedAt === undefined ? undefined : instants(batch.emittedAt, batch.rows),
      source: target.rules.length > 0 ? batch : undefined,
    };
  }

  #metas(rows: number, log: ChangeLog): Prepared {
    const { sync } = this.#request.meta;
    const plain = metaText(sync, []);
    const values = Array.from({ length: rows }, (_, row) => {
      const changes = log.of(row);
      return changes.length === 0 ? plain : metaText(sync, changes);
    });
    return { form: "text", values };
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length === 0) return;
    const batches = this.#waiting;
    this.#waiting = [];
    this.#waitingRows = 0;
    this.#waitingBytes = 0;
    this.#writing = this.#write(batches);
    // Whoever waits for it next sees its failure.
    this.#writing.catch(() => undefined);
  }

  async #write(batches: readonly ReadyBatch[]): Promise<void> {
    const { hub, target, link, path } = this.#scene;
    const { signal } = this.#request;
    const { feed, parts } = this.#feed(batches);
    const id = hub.open(feed);
    const select = { ...parts, from: fromFeed(id) };
    try {
      const rows =
        target.rules.length === 0
          ? await link.runRaw(insertSql(target, this.#request, select), signal)
          : await this.#try(batches, select);
      this.#counts.written += rows;
      const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0);
      await this.#scene.inserted?.({ rows, bytes });
    } catch (error) {
      signal.throwIfAborted();
      throw duckdbError(error, path);
    } finally {
      hub.close(id);
    }
  }

  #feed(batches: readonly ReadyBatch[]): {
    readonly feed: BatchFeed;
    readonly parts: Omit<NumberedParts, "from">;
  } {
    const { target, hub } = this.#scene;
    const { sync, extractedAt } = this.#request.meta;
    const types: ColumnType[] = target.columns.map(({ type }) => type);
    const extra: ((batch: ReadyBatch) => Prepared)[] = [];
    const columnOf = (type: ColumnType, of: (batch: ReadyBatch) => Prepared): string => {
      extra.push(of);
      return `c${types.push(type)}`;
    };
    const values = types.map((_, index) => `c${index + 1}`);
    const meta = batches.some((batch) => batch.meta !== undefined)
      ? columnOf({ base: "JSON" }, (batch) => batch.meta ?? repeated(metaText(sync, []), batch.rows))
      : undefined;
    const at = batches.some((batch) => batch.extractedAt !== undefined)
      ? columnOf({ base: "TIMESTAMPTZ" }, ({ extractedAt: own, rows }) => {
          return own ?? instants(new Float64Array(rows).fill(extractedAt), rows);
        })
      : undefined;
    const full = batches.map((batch) => ({
      ...batch,
      columns: [...batch.columns, ...extra.map((of) => of(batch))],
    }));
    return { feed: new BatchFeed(hub, types, full), parts: { row: "c0", values, meta, extractedAt: at } };
  }

  /** Asks the table's rules first; returns how many rows were written. */
  async #try(batches: readonly ReadyBatch[], select: NumberedParts): Promise<number> {
    const { link, target } = this.#scene;
    const { signal } = this.#request;
    if (!this.#trial) for (const sql of createTrial(target)) await link.runRaw(sql, signal);
    this.#trial = true;
    await link.runRaw(insertTrial(target, this.#request, select), signal);
    const refused = await link.rows(refusedRows(target.rules), signal);
    if (refused.length > 0) {
      await link.runRaw(dropRefused(target), signal);
      await this.#reject(batches, new Map(refused.map(([row, rule]) => [Number(row), String(rule)])));
    }
    const [insert, empty] = insertTried(target);
    const written = await link.runRaw(insert, signal);
    await link.runRaw(empty, signal);
    return written;
  }

  async #rejectUnfit(batch: ColumnBatch, unfit: ReadonlySet<number>): Promise<void> {
    let row = 0;
    for (const { data } of rowsOf(batch, this.#request.encoding)) {
      if (!unfit.has(row++)) continue;
      this.#counts.rejected += 1;
      await this.#request.reject({
        record: data,
        code: "destination.key_unfit",
        reason:
          "A value of the primary key does not fit its column, so that the row cannot be told from others.",
      });
    }
  }

  async #reject(batches: readonly ReadyBatch[], refused: ReadonlyMap<number, string>): Promise<void> {
    for (const { source, first } of batches) {
      if (source === undefined) continue;
      let row = first;
      for (const { data } of rowsOf(source, this.#request.encoding)) {
        const rule = refused.get(row++);
        if (rule === undefined) continue;
        this.#counts.rejected += 1;
        await this.#request.reject({
          record: data,
          code: "destination.row_refused",
          reason: `The table refuses the row: ${rule}`,
        });
      }
    }
  }
}

function repeated(text: string, rows: number): Prepared {
  return { form: "text", values: Array.from<string>({ length: rows }).fill(text) };
}

/** Milliseconds as microseconds of 64 bits. */
function instants(milliseconds: Float64Array, rows: number): Prepared {
  const values = BigInt64Array.from({ length: rows }, (_, row) =>
    BigInt(Math.round((milliseconds[row] ?? 0) * 1000)),
  );
  return { form: "fixed", bytes: new Uint8Array(values.buffer), width: 8, nulls: undefined };
}
