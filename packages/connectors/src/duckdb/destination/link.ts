import { setTimeout as sleep } from "node:timers/promises";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { duckdbError } from "./failures.ts";

type Row = readonly DuckDBValue[];

/** How often a query is told to stop: what is told before it has begun is lost. */
const INTERRUPT_MS = 50;

/** One connection to the file: one query at a time, each of which an abort ends. */
export class Link {
  readonly #connection: DuckDBConnection;
  readonly #path: string;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(connection: DuckDBConnection, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  /** Runs statements; returns how many rows the last one changed. */
  async run(sql: string, signal?: AbortSignal): Promise<number> {
    return this.#guard(signal, () => this.#changed(sql));
  }

  async rows(sql: string, signal?: AbortSignal): Promise<readonly Row[]> {
    return this.#guard(signal, async () => (await this.#connection.runAndReadAll(sql)).getRows());
  }

  /** As `run`, but DuckDB's own error comes out, for callers that tell misfits from faults. */
  async runRaw(sql: string, signal?: AbortSignal): Promise<number> {
    return this.#counted(interruptible(this.#connection, signal, () => this.#changed(sql)));
  }

  async #changed(sql: string): Promise<number> {
    return (await this.#connection.run(sql)).rowsChanged;
  }

  #counted<T>(query: Promise<T>): Promise<T> {
    this.#running.add(query);
    const over = (): void => void this.#running.delete(query);
    query.then(over, over);
    return query;
  }

  async #guard<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await this.#counted(interruptible(this.#connection, signal, act));
    } catch (error) {
      signal?.throwIfAborted();
      throw duckdbError(error, this.#path);
    }
  }

  /** Never throws. Rolls back what was open. No query may be running. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.disconnectSync();
  }

  /**
   * As `close`, when a query may be running: it is ended and waited for. Disconnecting under it waits on this thread for
   * the query, which may wait for this thread; or it frees what the query still uses, and the process dies of it.
   */
  async end(): Promise<void> {
    while (this.#running.size > 0 && !this.#closed) {
      this.#connection.interrupt();
      await Promise.race([Promise.allSettled(this.#running), sleep(INTERRUPT_MS)]);
    }
    this.close();
  }
}

async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  act: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return act();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    connection.interrupt();
    timer = setInterval(() => connection.interrupt(), INTERRUPT_MS);
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    return await act();
  } finally {
    signal.removeEventListener("abort", stop);
    clearInterval(timer);
  }
}
