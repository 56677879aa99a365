import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LoadRequest, LoadResult, RowMeta, StreamPlan } from "@weir/protocol";
import { loadBatches, type LoadScene } from "../../../duckdb/destination/batch-load.ts";
import { loadCsv } from "../../../duckdb/destination/csv-load.ts";
import { createTable } from "../../../duckdb/destination/ddl.ts";
import type { FeedHub } from "../../../duckdb/destination/feed.ts";
import type { Link } from "../../../duckdb/destination/link.ts";
import { tableSql, type TableName } from "../../../duckdb/destination/sql.ts";
import type { Target as TableTarget } from "../../../duckdb/destination/target.ts";
import type { FileSettings } from "../config.ts";
import type { FilesWriter, Target, WrittenFile } from "../target.ts";
import { collect, copyDirect, copyTable, dropEndlessDates } from "./copy.ts";
import type { Engine } from "./engine.ts";

interface Gathered {
  readonly target: Target;
  readonly table: TableName;
  readonly meta: RowMeta;
  /** Of what waits in the table. */
  rows: number;
  bytes: number;
  /** Rows without a change before that lost an endless date. */
  changed: number;
}

/** Wide rows are held several times on their way: as the source gave them, as DuckDB's texts, in its table. */
const INSERT_BYTES = 4 * 1024 * 1024;

/** Of what DuckDB may hold in memory: two transactions gather at a time, and writing a file takes as much again. */
const GATHERED_SHARE = 1 / 4;

/** DuckDB works on so many rows at a time and holds their texts about four times: wide rows are written sooner. */
const CHUNK_ROWS = 2048;
const CHUNK_SHARE = 1 / 8;

/** The stream's columns as DuckDB's loaders take them. */
export function tableTarget(target: Target, load: TableName, into?: (select: string) => string): TableTarget {
  const { plan, columns } = target;
  return {
    plan: { ...plan, mode: "append" } satisfies StreamPlan,
    final: load,
    load,
    ending: "append",
    rowId: "rowid",
    isKeyed: false,
    columns: columns.map(({ field, name, type }) => ({ field, name, type })),
    rules: [],
    defaults: [],
    into,
  };
}

/**
 * Writes Parquet. The bytes of a CSV part go through DuckDB's reader into files in one COPY. Column batches wait in a table
 * until they are enough for a file; whatever is partitioned waits for the end of the transaction, and DuckDB spills it.
 */
export class ParquetWriter implements FilesWriter {
  readonly #folder: string;
  readonly #settings: FileSettings;
  readonly #engine: Engine;
  readonly #link: Link;
  readonly #hub: FeedHub;
  readonly #signal: AbortSignal;
  readonly #gathered = new Map<string, Gathered>();
  readonly #written: WrittenFile[] = [];
  #count = 0;
  #closed = false;

  private constructor(
    engine: Engine,
    parts: { readonly link: Link; readonly hub: FeedHub },
    where: { readonly folder: string; readonly settings: FileSettings; readonly signal: AbortSignal },
  ) {
    this.#engine = engine;
    this.#link = parts.link;
    this.#hub = parts.hub;
    this.#folder = where.folder;
    this.#settings = where.settings;
    this.#signal = where.signal;
  }

  static async open(
    engine: Engine,
    where: { readonly folder: string; readonly settings: FileSettings; readonly signal: AbortSignal },
  ): Promise<ParquetWriter> {
    return new ParquetWriter(engine, await engine.connect(), where);
  }

  async load(target: Target, request: LoadRequest): Promise<LoadResult> {
    const { read, meta, signal } = request;
    if (read.form === "bytes" && target.partition.length === 0) {
      const folder = this.#next();
      const scene = this.#scene(tableTarget(target, NOWHERE, copyDirect(target, this.#settings, folder)));
      const result = await loadCsv(scene, this.#pipes(), request, read);
      if (result.written > 0)
        this.#written.push(...(await collect(folder, ONE, target, { meta, settings: this.#settings })));
      return result;
    }
    const gathered = await this.#gather(target, meta, signal);
    const scene = this.#scene(tableTarget(target, gathered.table));
    gathered.changed = 0;
    const result =
      read.form === "bytes"
        ? await loadCsv(scene, this.#pipes(), request, read)
        : await loadBatches({ ...scene, ...this.#drained(gathered) }, request, read);
    if (read.form === "bytes") gathered.rows += result.written;
    if (gathered.rows > 0) await this.#dropDates(gathered);
    return { ...result, changed: result.changed + gathered.changed };
  }

  /** Files are written as rows come, as far as they are not divided by values: those wait for all that belong to them. */
  #drained(gathered: Gathered): Pick<LoadScene, "insertBytes" | "inserted"> {
    return {
      insertBytes: INSERT_BYTES,
      inserted: async ({ rows, bytes }) => {
        gathered.rows += rows;
        gathered.bytes += bytes;
        if (gathered.target.partition.length > 0 || !this.#isEnough(gathered)) return;
        await this.#dropDates(gathered);
        await this.#copy(gathered);
        await this.#link.run(`DROP TABLE ${tableSql(gathered.table)}`);
        await this.#create(gathered);
        await this.#engine.trim();
      },
    };
  }

  #isEnough({ rows, bytes }: Gathered): boolean {
    const { memoryBytes } = this.#settings;
    return bytes >= memoryBytes * (rows <= CHUNK_ROWS ? CHUNK_SHARE : GATHERED_SHARE);
  }

  async #dropDates(gathered: Gathered): Promise<void> {
    gathered.changed += await dropEndlessDates(this.#link, gathered.table, gathered.target);
  }

  async end(): Promise<readonly WrittenFile[]> {
    for (const gathered of this.#gathered.values()) await this.#copy(gathered);
    await this.discard();
    await this.#engine.trim();
    return this.#written;
  }

  /** Writes the rows that wait into files. */
  async #copy(gathered: Gathered): Promise<void> {
    const { target, table, meta, rows } = gathered;
    if (rows === 0) return;
    const copy = { settings: this.#settings, folder: this.#next(), signal: this.#signal };
    if (target.partition.length > 0) await mkdir(copy.folder, { recursive: true });
    const partitions = await this.#engine.alone(() => copyTable(this.#link, table, target, copy));
    this.#written.push(
      ...(await collect(copy.folder, partitions, target, { meta, settings: this.#settings })),
    );
    gathered.rows = 0;
    gathered.bytes = 0;
  }

  async #create({ table, target }: Pick<Gathered, "table" | "target">): Promise<void> {
    const columns = target.columns.map(({ name, type }) => ({ name, type }));
    await createTable(this.#link, table, columns);
  }

  async discard(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#link.end();
    const { link } = await this.#engine.connect();
    for (const { table } of this.#gathered.values())
      await link.run(`DROP TABLE IF EXISTS ${tableSql(table)}`).catch(() => undefined);
    link.close();
  }

  #next(): string {
    this.#count += 1;
    return join(this.#folder, `load-${this.#count}`);
  }

  #scene(target: TableTarget): LoadScene {
    return { link: this.#link, hub: this.#hub, path: this.#engine.path, target };
  }

  #pipes() {
    const { pipes } = this.#engine;
    if (pipes === undefined) throw new Error("csv was not offered.");
    return pipes;
  }

  async #gather(target: Target, meta: RowMeta, signal: AbortSignal): Promise<Gathered> {
    const known = this.#gathered.get(target.plan.key);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const table = { schema: "main", name: `load_${crypto.randomUUID().replaceAll("-", "")}` };
    const gathered = { target, table, meta, rows: 0, bytes: 0, changed: 0 };
    await this.#create(gathered);
    this.#gathered.set(target.plan.key, gathered);
    return gathered;
  }
}

/** COPY into files has no table. */
const NOWHERE: TableName = { schema: "main", name: "none" };

const ONE: ReadonlyMap<string, string> = new Map([["", ""]]);
