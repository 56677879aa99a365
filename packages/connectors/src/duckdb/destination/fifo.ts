import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** How long to wait between looks whether the reader has opened its end: opening it ourselves would block a thread. */
const LOOK_MS = 2;

/**
 * Queries that wait for bytes each keep one of the threads on which Node runs files, names and other queries; with all
 * of them waiting, what they wait for could not be read. UV_THREADPOOL_SIZE is 4 unless set.
 */
const READERS = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 2);

/** Named pipes, each used by one load at a time; shared by all sessions of the process. */
export class Pipes {
  static #made: Promise<Pipes | undefined> | undefined;
  static #users = 0;
  readonly #directory: string;
  readonly #free: string[];
  readonly #waiting: (() => void)[] = [];

  private constructor(directory: string, paths: readonly string[]) {
    this.#directory = directory;
    this.#free = [...paths];
  }

  /** Undefined where the system has no named pipes. `leave` is called once for each join. */
  static join(): Promise<Pipes | undefined> {
    Pipes.#users += 1;
    Pipes.#made ??= Pipes.#create();
    return Pipes.#made;
  }

  /** The last one removes the pipes. */
  static async leave(): Promise<void> {
    Pipes.#users -= 1;
    if (Pipes.#users > 0) return;
    const made = Pipes.#made;
    Pipes.#made = undefined;
    const pipes = await made;
    if (pipes !== undefined) await rm(pipes.#directory, { recursive: true, force: true });
  }

  static async #create(): Promise<Pipes | undefined> {
    // DuckDB would take these for patterns.
    if (process.platform === "win32" || /[*?[\]{}]/.test(tmpdir())) return undefined;
    const directory = await mkdtemp(join(tmpdir(), "weir-"));
    const paths = Array.from({ length: READERS }, (_, index) => join(directory, String(index)));
    try {
      await promisify(execFile)("mkfifo", ["-m", "600", ...paths]);
      return new Pipes(directory, paths);
    } catch {
      await rm(directory, { recursive: true, force: true });
      return undefined;
    }
  }

  /** A pipe nobody else uses. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      const path = this.#free.pop();
      if (path !== undefined) return path;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener("abort", go);
          resolve();
        };
        signal.addEventListener("abort", go, { once: true });
        this.#waiting.push(go);
      });
    }
  }

  giveBack(path: string): void {
    this.#free.push(path);
    // Those whose wait was aborted look, find nothing of theirs to do, and leave it to the rest.
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** The writing end as a number, or undefined while nobody reads. Never blocks. */
function openWriting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}

/** The writing end of a pipe whose reader is a query. */
export class PipeWriter {
  readonly #socket: Socket;
  #broken = false;

  private constructor(descriptor: number) {
    this.#socket = new Socket({ fd: descriptor, readable: false, writable: true });
    // The reader is gone: the query says why.
    this.#socket.on("error", () => (this.#broken = true));
  }

  /** Waits for the reader; undefined when `stop` aborts first. */
  static async open(path: string, stop: AbortSignal): Promise<PipeWriter | undefined> {
    while (!stop.aborted) {
      const descriptor = openWriting(path);
      if (descriptor !== undefined) return new PipeWriter(descriptor);
      await sleep(LOOK_MS);
    }
    return undefined;
  }

  /** Resolves when there is room for more; false when the reader is gone. */
  async write(chunk: Uint8Array): Promise<boolean> {
    if (this.#broken) return false;
    if (this.#socket.write(chunk)) return true;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.once("drain", done).once("close", done);
    });
    return !this.#broken;
  }

  /** Sends what is left and closes: the reader sees the end. */
  async end(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.end();
    });
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** Frees a reader that waits for a writer, until it has come back. */
export async function freeReader(path: string, reader: Promise<unknown>): Promise<void> {
  const settled = reader.then(
    () => true,
    () => true,
  );
  do {
    const descriptor = openWriting(path);
    if (descriptor !== undefined) closeSync(descriptor);
  } while (!(await Promise.race([settled, sleep(20, false)])));
}
