import { execFile } from "node:child_process";
import { closeSync, constants, openSync, rmSync, unlinkSync } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  rm,
  stat,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { atExit } from "./at-exit.ts";

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
  readonly #stay: () => void;

  private constructor(directory: string, paths: readonly string[]) {
    this.#directory = directory;
    this.#free = [...paths];
    this.#stay = atExit(() => rmSync(directory, { recursive: true, force: true }));
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
    if (pipes === undefined) return;
    await rm(pipes.#directory, { recursive: true, force: true });
    pipes.#stay();
  }

  static async #create(): Promise<Pipes | undefined> {
    // DuckDB would take these for patterns.
    if (process.platform === "win32" || /[*?[\]{}]/.test(tmpdir())) return undefined;
    const directory = await makeDirectory();
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

const NAME = "weir-pipes";
const DAY_MS = 86_400_000;

/**
 * A folder for this process in one of this user: looking for leftovers among all temporary files took 0.4 s where they
 * were 390,000. Where somebody else has taken the name, nothing is looked for.
 */
async function makeDirectory(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const home = join(tmpdir(), `${NAME}-${uid}`);
  await mkdir(home, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(home).catch(() => undefined);
  if (found?.isDirectory() !== true || found.uid !== uid) return mkdtemp(join(tmpdir(), `${NAME}-`));
  await sweep(home);
  return mkdtemp(join(home, `${process.pid}-`));
}

/** Pipes of processes that were killed; a day old, because process numbers of other containers mean nothing here. */
async function sweep(home: string): Promise<void> {
  for (const name of await readdir(home).catch(() => [])) {
    if (isRunning(Number.parseInt(name, 10))) continue;
    const path = join(home, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < DAY_MS) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The writing end, or undefined while nobody reads. Never blocks. */
async function openWriting(path: string): Promise<FileHandle | undefined> {
  try {
    return await openFile(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}

/** Gathered before they are written: a pipe holds 64 KB, and a write ends when the reader has taken the last of it. */
const WRITE_BYTES = 256 * 1024;

/** The writing end of a pipe whose reader is a query. */
export class PipeWriter {
  readonly #file: FileHandle;
  #gathered: Uint8Array[] = [];
  #size = 0;
  #writing: Promise<boolean> = Promise.resolve(true);

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Waits for the reader; undefined when `stop` aborts first. */
  static async open(path: string, stop: AbortSignal): Promise<PipeWriter | undefined> {
    while (!stop.aborted) {
      const probe = await openWriting(path);
      if (probe === undefined) {
        await sleep(LOOK_MS);
        continue;
      }
      try {
        // With a reader there this comes back at once, and its writes wait for room.
        return new PipeWriter(await openFile(path, constants.O_WRONLY));
      } finally {
        await probe.close();
      }
    }
    return undefined;
  }

  get descriptor(): number {
    return this.#file.fd;
  }

  /** Resolves when more can be taken; false when the reader is gone, and the query says why. */
  async write(chunk: Uint8Array): Promise<boolean> {
    this.#gathered.push(chunk);
    this.#size += chunk.byteLength;
    return this.#size < WRITE_BYTES || this.#flush();
  }

  /** Sends what is left and closes: the reader sees the end. */
  async end(): Promise<void> {
    await this.#flush();
    await this.close();
  }

  /** Closes without sending what is left. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #flush(): Promise<boolean> {
    const alive = await this.#writing;
    if (!alive || this.#size === 0) return alive;
    this.#writing = this.#send(this.#gathered);
    this.#gathered = [];
    this.#size = 0;
    return true;
  }

  async #send(chunks: readonly Uint8Array[]): Promise<boolean> {
    try {
      for (let rest = chunks; rest.length > 0;) {
        const { bytesWritten } = await this.#file.writev(rest);
        rest = after(rest, bytesWritten);
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
      throw error;
    }
  }
}

/** What is left of chunks when the first bytes of them are gone. */
function after(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let gone = bytes;
  const index = chunks.findIndex((chunk) =>
    gone < chunk.byteLength ? true : ((gone -= chunk.byteLength), false),
  );
  if (index < 0) return [];
  const [first, ...rest] = chunks.slice(index);
  return first === undefined ? [] : [first.subarray(gone), ...rest];
}

/** Frees a reader that waits for a writer, until it has come back. */
export async function freeReader(path: string, reader: Promise<unknown>): Promise<void> {
  const settled = reader.then(
    () => true,
    () => true,
  );
  do {
    const file = await openWriting(path);
    await file?.close();
  } while (!(await Promise.race([settled, sleep(20, false)])));
}

/**
 * Frees whatever reads from a pipe, or is about to, without waiting: for the end of the process. The reader sees the end
 * of the bytes, and one that comes later finds no pipe.
 */
export function breakPipe(path: string, writer: PipeWriter | undefined): void {
  try {
    const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    unlinkSync(path);
    if (writer !== undefined) closeSync(writer.descriptor);
    closeSync(both);
  } catch {
    // The pipe is gone or was never opened: nobody waits.
  }
}
