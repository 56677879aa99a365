import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import type { WriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { finished } from "node:stream/promises";
import type { RejectedRow } from "@weir/protocol";
import { stringifyJson, WeirError } from "@weir/protocol";

const UNCOMMITTED = ".uncommitted";

/**
 * Rejected rows of one connection, one JSONL file for each part that has any. A file gets its final name only after the
 * commit that names it. [I8]
 */
export class DeadLetters {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  part(stream: string, sync: number, attempt: number, part: string): PartRejects {
    const name = join(folderFor(stream), `${sync}-${attempt}-${part}.jsonl`);
    return new PartRejects(this.#folder, name);
  }

  /** Gives committed files their final names and removes those no checkpoint names. */
  async reconcile(committed: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((each) => each.isFile() && each.name.endsWith(UNCOMMITTED))) {
      const path = join(entry.parentPath, entry.name);
      const final = path.slice(0, -UNCOMMITTED.length);
      if (committed.has(relative(this.#folder, final))) await rename(path, final);
      else await rm(path, { force: true });
    }
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }
}

/** Until there is room again, or the stream has failed. */
async function drained(stream: WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stream.destroyed) return resolve();
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}

/** File systems take names of 255 bytes; a stream's may be longer when escaped. */
function folderFor(stream: string): string {
  const name = encodeURIComponent(stream);
  return name.length <= 150
    ? name
    : `${name.slice(0, 100)}-${createHash("sha256").update(stream).digest("hex").slice(0, 16)}`;
}

export class PartRejects {
  readonly #folder: string;
  readonly #name: string;
  #stream: WriteStream | undefined;
  #failure: Error | undefined;
  #count = 0;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  get count(): number {
    return this.#count;
  }

  async add(row: RejectedRow): Promise<void> {
    const stream = await this.#open();
    this.#throwFailure();
    this.#count += 1;
    if (!stream.write(`${stringifyJson({ record: row.record, code: row.code, reason: row.reason })}\n`)) {
      await drained(stream);
    }
    this.#throwFailure();
  }

  /** Makes the file durable; returns the name for the checkpoint, nothing when no row was rejected. */
  async seal(): Promise<string | undefined> {
    if (this.#stream === undefined) return undefined;
    await this.#close();
    await this.#or(async () => {
      const file = await open(this.#path(), "r+");
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    });
    return this.#name;
  }

  /** After the commit. A rename that fails here is made up for by `reconcile`, so it is no failure of the sync. */
  async publish(): Promise<void> {
    if (this.#stream === undefined) return;
    await rename(this.#path(), join(this.#folder, this.#name)).catch(() => undefined);
  }

  /** After a rollback. What cannot be removed is by `reconcile`; why the part failed is not to be covered up. */
  async discard(): Promise<void> {
    if (this.#stream === undefined) return;
    await this.#close();
    await rm(this.#path(), { force: true }).catch(() => undefined);
  }

  #path(): string {
    return join(this.#folder, this.#name + UNCOMMITTED);
  }

  async #open(): Promise<WriteStream> {
    if (this.#stream !== undefined) return this.#stream;
    await this.#or(() => mkdir(dirname(this.#path()), { recursive: true }));
    const stream = createWriteStream(this.#path(), { mode: 0o600 });
    stream.on("error", (error) => (this.#failure = error));
    this.#stream = stream;
    return stream;
  }

  async #close(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || stream.closed) return;
    stream.end();
    await finished(stream).catch((error: unknown) => (this.#failure = error as Error));
  }

  async #or(act: () => Promise<unknown>): Promise<void> {
    this.#throwFailure();
    try {
      await act();
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    throw new WeirError(
      {
        code: "engine.rejects_unwritable",
        message: `Rejected rows could not be kept in ${this.#folder}: ${this.#failure.message}`,
        next: "Make room or set another folder, then run again; nothing of this part was committed.",
        recovery: "ask",
        origin: "engine",
      },
      { cause: this.#failure },
    );
  }
}
