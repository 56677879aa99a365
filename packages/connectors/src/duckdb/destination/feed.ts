import { isMainThread } from "node:worker_threads";
import type * as Api from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import type * as Bindings from "@duckdb/node-bindings";
import type { DataChunk } from "@duckdb/node-bindings";

import { atExit } from "./at-exit.ts";

/** Rows a query reads by `weir_feed(id)`. */
export interface Feed {
  readonly types: readonly DuckDBType[];
  readonly rows: number;
  /** Called when a query begins to read. */
  rewind(): void;
  /** Writes up to `capacity` rows; 0 is the end. */
  fill(chunk: DataChunk, capacity: number): number;
}

export const FEED_FUNCTION = "weir_feed";

/** Rows in a chunk of DuckDB. */
export const CHUNK_ROWS = 2048;

/**
 * A query in the middle of a feed waits for this thread, which runs no more: nothing can free it, and the process would
 * wait for it. Nothing is lost, what was not committed is rolled back as after any kill.
 */
function endNow(): void {
  if (isMainThread) process.kill(process.pid, "SIGKILL");
}

/**
 * Gives column batches to queries through a table function: DuckDB converts, compresses and writes on its own threads
 * while this one decodes the next rows. An appender does all of it on this one.
 */
export class FeedHub {
  readonly api: typeof Api;
  readonly bindings: typeof Bindings;
  readonly #feeds = new Map<number, Feed>();
  #last = 0;
  #stay: () => void = () => undefined;

  private constructor(api: typeof Api, bindings: typeof Bindings) {
    this.api = api;
    this.bindings = bindings;
  }

  static async create(): Promise<FeedHub> {
    const [api, bindings] = await Promise.all([import("@duckdb/node-api"), import("@duckdb/node-bindings")]);
    return new FeedHub(api, bindings.default as typeof Bindings);
  }

  /** For all connections of an instance, by any of them. */
  register(connection: DuckDBConnection): void {
    const { BIGINT, DuckDBTableFunction } = this.api;
    connection.registerTableFunction(
      DuckDBTableFunction.create({
        name: FEED_FUNCTION,
        parameterTypes: [BIGINT],
        bindFunction: (info) => {
          const feed = this.#feeds.get(Number(info.getParameter(0)));
          if (feed === undefined) throw new Error("This feed is closed.");
          feed.types.forEach((type, index) => info.addResultColumn(`c${index}`, type));
          info.setCardinality(feed.rows, true);
          info.setBindData(feed);
        },
        initFunction: (info) => {
          info.setMaxThreads(1);
          (info.getBindData() as Feed).rewind();
        },
        mainFunction: (info, output) => {
          const rows = (info.getBindData() as Feed).fill(output.chunk, CHUNK_ROWS);
          this.bindings.data_chunk_set_size(output.chunk, rows);
        },
      }),
    );
  }

  /** The number to call `weir_feed` with. */
  open(feed: Feed): number {
    if (this.#feeds.size === 0) this.#stay = atExit(endNow);
    this.#last += 1;
    this.#feeds.set(this.#last, feed);
    return this.#last;
  }

  close(id: number): void {
    this.#feeds.delete(id);
    if (this.#feeds.size === 0) this.#stay();
  }
}
