import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SyncStore } from "@weir/engine";
import type { JsonObject } from "@weir/protocol";
import { isObject, parseJson, stringifyJson, WeirError } from "@weir/protocol";
import { writeAtomic } from "./atomic.ts";

/** Logs kept for each connection; older ones go, so that a busy schedule cannot fill the disk. */
const LOGS_KEPT = 20;

/**
 * The folder `.weir` beside a project file:
 * - `state/<connection>.json`: a copy of the checkpoints the destination holds;
 * - `rejects/<connection>/`: rows the destination refused;
 * - `logs/<connection>/<time>.log`: the log of each sync, a JSON object a line.
 */
export class WorkFolder {
  readonly #folder: string;
  /** The last write of each connection: streams commit at the same time, and the newest document must stay. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(projectFolder: string) {
    this.#folder = join(projectFolder, ".weir");
  }

  get store(): SyncStore {
    return { read: (connection) => this.#read(connection), write: (...args) => this.#write(...args) };
  }

  rejects(connection: string): string {
    return join(this.#folder, "rejects", connection);
  }

  /** Path for the log of a sync that begins now, in a folder with room for it. */
  async logFile(connection: string, now: number): Promise<string> {
    const folder = join(this.#folder, "logs", connection);
    try {
      await mkdir(folder, { recursive: true });
      const old = (await readdir(folder)).filter((name) => name.endsWith(".log")).toSorted();
      for (const name of old.slice(0, Math.max(0, old.length - LOGS_KEPT + 1))) {
        await rm(join(folder, name), { force: true });
      }
    } catch (error) {
      throw new WeirError(
        {
          code: "config.folder_unwritable",
          message: `Weir keeps state and logs in ${this.#folder}, which cannot be written: ${(error as Error).message}.`,
          next: "Make the folder writable, or put the project file into one that is.",
          recovery: "ask",
          origin: "config",
        },
        { cause: error },
      );
    }
    const time = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
    return join(folder, `${time}-${process.pid}.log`);
  }

  #stateFile(connection: string): string {
    return join(this.#folder, "state", `${connection}.json`);
  }

  async #read(connection: string): Promise<JsonObject | undefined> {
    const path = this.#stateFile(connection);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const document = parseJson(text);
      if (isObject(document)) return document;
    } catch {
      // Said below, without repeating the text.
    }
    throw new WeirError({
      code: "engine.state_unreadable",
      message: `The state file ${path} is damaged.`,
      next: "Delete it. A destination that keeps checkpoints fills it again; for others the next sync begins anew.",
      recovery: "ask",
      origin: "engine",
    });
  }

  #write(connection: string, document: JsonObject): Promise<void> {
    const before = this.#writes.get(connection) ?? Promise.resolve();
    const write = before
      .catch(() => undefined)
      .then(() => this.#replace(this.#stateFile(connection), `${stringifyJson(document)}\n`));
    this.#writes.set(connection, write);
    return write;
  }

  async #replace(path: string, text: string): Promise<void> {
    try {
      await writeAtomic(path, text);
    } catch (error) {
      throw new WeirError(
        {
          code: "engine.state_unwritable",
          message: `The state file ${path} cannot be written: ${(error as Error).message}.`,
          next: "Free some space or make the folder writable, then run again: the sync goes on after its last checkpoint.",
          recovery: "ask",
          origin: "engine",
        },
        { cause: error },
      );
    }
  }
}
