import { randomUUID } from "node:crypto";
import {
  link as hardLink,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DuckDBInstance } from "@duckdb/node-api";
import { WeirError } from "@weir/protocol";
import { duckdbError } from "./failures.ts";
import { FeedHub } from "./feed.ts";
import { Link } from "./link.ts";
import { literal } from "./sql.ts";

export interface FileSettings {
  readonly path: string;
  /** DuckDB's notation: `256MB`. */
  readonly memoryLimit: string;
  readonly threads: number;
}

/**
 * Files open in this process. The lock DuckDB takes on a file keeps other processes out, but a second instance in this
 * one would open it too and damage it; so sessions share one instance, and the last to leave closes it.
 */
const open = new Map<string, Promise<SharedFile>>();

export async function openFile(settings: FileSettings): Promise<SharedFile> {
  const path = await settle(settings.path);
  for (;;) {
    const found = open.get(path);
    const opening = found ?? start(path, settings);
    const file = await opening;
    if (file.join()) {
      if (found !== undefined) await file.apply(settings);
      return file;
    }
    // The one found is being closed.
    await file.gone;
  }
}

/** The file's one name: a path through a symbolic link to its directory is the same file. */
async function settle(path: string): Promise<string> {
  const full = resolve(path);
  try {
    await mkdir(dirname(full), { recursive: true });
    return await realpath(full).catch(async () => join(await realpath(dirname(full)), basename(full)));
  } catch (error) {
    throw duckdbError(error, full);
  }
}

function start(path: string, settings: FileSettings): Promise<SharedFile> {
  const opening = openInstance(path, settings).catch((error: unknown) => {
    open.delete(path);
    throw duckdbError(error, path);
  });
  open.set(path, opening);
  return opening;
}

async function openInstance(path: string, settings: FileSettings): Promise<SharedFile> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  await createWhole(path, (at) => DuckDBInstance.create(at));
  const spill = `${path}.tmp`;
  const instance = await DuckDBInstance.create(path, {
    memory_limit: settings.memoryLimit,
    threads: String(settings.threads),
    temp_directory: spill,
    // Rows of a table have no order; keeping one costs memory and a third of the time.
    preserve_insertion_order: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  await sweep(spill);
  const hub = await FeedHub.create();
  const identity = await identityOf(path);
  const file = new SharedFile({ path, spill, instance, hub, identity, memoryLimit: settings.memoryLimit });
  await file.prepare();
  return file;
}

/** A killed process may leave a file of a few bytes that DuckDB refuses for ever: files appear whole or not at all. */
async function createWhole(path: string, create: (path: string) => Promise<DuckDBInstance>): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === 0) await unlink(path);
  else if (size !== undefined) return;
  const fresh = `${path}.${randomUUID().slice(0, 8)}.new`;
  try {
    (await create(fresh)).closeSync();
    await hardLink(fresh, path).catch(async (error: NodeJS.ErrnoException) => {
      // Made by another process in between; or a file system without hard links.
      if (error.code !== "EEXIST") await rename(fresh, path);
    });
  } finally {
    await rm(fresh, { force: true });
    await rm(`${fresh}.wal`, { force: true });
  }
}

/** Spilled blocks of a killed process; nobody else can have the file open. */
async function sweep(spill: string): Promise<void> {
  const left = await readdir(spill).catch(() => []);
  const files = left.filter((name) => name.startsWith("duckdb_temp_"));
  await Promise.all(files.map((name) => rm(join(spill, name), { force: true })));
}

interface FileParts {
  readonly path: string;
  readonly spill: string;
  readonly instance: DuckDBInstance;
  readonly hub: FeedHub;
  readonly identity: string | undefined;
  readonly memoryLimit: string;
}

/** Which file a path leads to; undefined where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** A database file and those who use it. */
export class SharedFile {
  readonly path: string;
  readonly hub: FeedHub;
  readonly #instance: DuckDBInstance;
  readonly #spill: string;
  readonly #identity: string | undefined;
  /** Resolves when the file is closed. */
  readonly gone: Promise<void>;
  readonly #left: () => void;
  #users = 0;
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();
  #memoryLimit: string;

  constructor({ path, spill, instance, hub, identity, memoryLimit }: FileParts) {
    this.#memoryLimit = memoryLimit;
    this.path = path;
    this.hub = hub;
    this.#spill = spill;
    this.#instance = instance;
    this.#identity = identity;
    const { promise, resolve: left } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#left = left;
  }

  /** What holds for every connection. */
  async prepare(): Promise<void> {
    const connection = await this.#instance.connect();
    this.hub.register(connection);
    const link = new Link(connection, this.path);
    await link.run("SET GLOBAL TimeZone = 'UTC'");
    link.close();
  }

  /** Fails when the path no longer leads to the file that is open: what is written there would be gone with it. */
  async checkThere(): Promise<void> {
    if ((await identityOf(this.path)) === this.#identity) return;
    throw new WeirError({
      code: "destination.file_gone",
      message: `${this.path} was deleted, moved or replaced while it was open.`,
      next: "Put the file back, or start again with a new one: it has none of what was loaded into the old one.",
      recovery: "ask",
      origin: "destination",
    });
  }

  /** A later session's limits win. */
  async apply({ memoryLimit, threads }: FileSettings): Promise<void> {
    this.#memoryLimit = memoryLimit;
    const link = await this.connect();
    await link.run(`SET GLOBAL memory_limit = ${literal(memoryLimit)}; SET GLOBAL threads = ${threads}`);
    link.close();
  }

  /**
   * Gives memory that is free back to the system. Never throws. DuckDB's allocator keeps what it freed, for each thread
   * apart and for ten seconds: 100 to 150 MB after a few loads that took turns on Node's threads. Setting the limit, to
   * what it is, lets all of it go; nothing else that SQL can reach does.
   */
  async trim(): Promise<void> {
    if (this.#closed) return;
    const link = await this.connect().catch(() => undefined);
    await link?.run(`SET GLOBAL memory_limit = ${literal(this.#memoryLimit)}`).catch(() => undefined);
    link?.close();
  }

  join(): boolean {
    if (this.#closed) return false;
    this.#users += 1;
    return true;
  }

  async connect(): Promise<Link> {
    try {
      return new Link(await this.#instance.connect(), this.path);
    } catch (error) {
      throw duckdbError(error, this.path);
    }
  }

  /** Runs alone among all sessions of the file: comparing a fence and committing must not be parted. */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = before.then(act, act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Never throws. The last one closes the file: the write-ahead log is folded in and the lock let go. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#closed = true;
    try {
      // Off the main thread; closing would do the same on it.
      const link = await this.connect();
      await link.run("CHECKPOINT").catch(() => undefined);
      link.close();
      this.#instance.closeSync();
      await rmdir(this.#spill);
    } catch {
      // Mostly the spill directory, which is there only when something was spilled.
    } finally {
      open.delete(this.path);
      this.#left();
    }
  }
}
