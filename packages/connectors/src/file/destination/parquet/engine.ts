import { mkdir, rm } from "node:fs/promises";
import type { DuckDBInstance } from "@duckdb/node-api";
import { duckdbError } from "../../../duckdb/destination/failures.ts";
import { FeedHub } from "../../../duckdb/destination/feed.ts";
import { Pipes } from "../../../duckdb/destination/fifo.ts";
import { Link } from "../../../duckdb/destination/link.ts";
import { literal } from "../../../duckdb/destination/sql.ts";
import type { FileSettings } from "../config.ts";

/** A DuckDB in memory, which spills to the scratch folder. It is started when the first row is to be written. */
export class Engine {
  readonly #settings: FileSettings;
  readonly #scratch: string;
  #started: Promise<{ readonly instance: DuckDBInstance; readonly hub: FeedHub }> | undefined;
  #pipes: Pipes | undefined;
  #joined = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: FileSettings, scratch: string) {
    this.#settings = settings;
    this.#scratch = scratch;
  }

  get path(): string {
    return this.#settings.folder;
  }

  get pipes(): Pipes | undefined {
    return this.#pipes;
  }

  /** Makes named pipes ready, where the system has them. */
  async prepare(): Promise<void> {
    if (this.#joined) return;
    this.#joined = true;
    this.#pipes = await Pipes.join();
  }

  async connect(): Promise<{ readonly link: Link; readonly hub: FeedHub }> {
    this.#started ??= this.#start();
    try {
      const { instance, hub } = await this.#started;
      return { link: new Link(await instance.connect(), this.path), hub };
    } catch (error) {
      throw duckdbError(error, this.path);
    }
  }

  async #start(): Promise<{ readonly instance: DuckDBInstance; readonly hub: FeedHub }> {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    await mkdir(this.#scratch, { recursive: true });
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: this.#settings.memoryLimit,
      threads: String(this.#settings.threads),
      temp_directory: this.#scratch,
      // Rows of a table have no order; keeping one costs memory and a third of the time.
      preserve_insertion_order: "false",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const hub = await FeedHub.create();
    const connection = await instance.connect();
    hub.register(connection);
    const link = new Link(connection, this.path);
    await link.run("SET GLOBAL TimeZone = 'UTC'");
    link.close();
    return { instance, hub };
  }

  /**
   * Does something while no other transaction does: writing wide rows holds half of the memory for a moment, and two at
   * once would fail for want of it.
   */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /**
   * Gives memory that is free back to the system. Never throws. DuckDB's allocator keeps what it freed for ten seconds;
   * setting the limit, to what it is, lets it go.
   */
  async trim(): Promise<void> {
    const { link } = await this.connect();
    await link.run(`SET GLOBAL memory_limit = ${literal(this.#settings.memoryLimit)}`).catch(() => undefined);
    link.close();
  }

  async close(): Promise<void> {
    if (this.#joined) await Pipes.leave().catch(() => undefined);
    this.#joined = false;
    const started = await this.#started?.catch(() => undefined);
    started?.instance.closeSync();
    await rm(this.#scratch, { recursive: true, force: true }).catch(() => undefined);
  }
}
