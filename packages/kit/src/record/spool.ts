import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseJson, stringifyJson } from "@weir/protocol";
import type { DestinationRow } from "./writer.ts";

export interface SpooledRows {
  /** Stream key. */
  readonly key: string;
  readonly rows: readonly DestinationRow[];
}

/** Rows of one transaction on disk until it commits, so that its size does not count in memory. */
export class Spool {
  #folder: string | undefined;
  #file: FileHandle | undefined;
  #size = 0;
  readonly #onDiscard: () => void;
  /** Where each batch lies in the file, in bytes. */
  readonly #places: { readonly key: string; readonly at: number; readonly length: number }[] = [];

  constructor(onDiscard: () => void) {
    this.#onDiscard = onDiscard;
  }

  async add({ key, rows }: SpooledRows): Promise<void> {
    this.#file ??= await this.#open();
    const bytes = Buffer.from(stringifyJson(rows.map(({ meta, data }) => ({ meta, data }))));
    await this.#file.appendFile(bytes);
    this.#places.push({ key, at: this.#size, length: bytes.length });
    this.#size += bytes.length;
  }

  /** Unlinked at once: the file lives as long as its handle, so not even SIGKILL leaves rows behind. */
  async #open(): Promise<FileHandle> {
    const folder = await mkdtemp(join(tmpdir(), "weir-spool-"));
    const file = await open(join(folder, "rows"), "wx+", 0o600);
    this.#folder = folder;
    // Where an open file cannot be unlinked, on Windows, discard does it.
    await rm(folder, { recursive: true }).then(
      () => (this.#folder = undefined),
      () => {},
    );
    return file;
  }

  async *batches(): AsyncGenerator<SpooledRows> {
    for (const { key, at, length } of this.#places) {
      const { bytesRead, buffer } = await this.#reading().read(Buffer.alloc(length), 0, length, at);
      if (bytesRead !== length) throw new Error(`A spool file ends ${length - bytesRead} bytes early.`);
      yield { key, rows: parseJson(buffer.toString()) as unknown as readonly DestinationRow[] };
    }
  }

  #reading(): FileHandle {
    if (this.#file === undefined) throw new Error("The spool is closed.");
    return this.#file;
  }

  /** Harmless when repeated. */
  async discard(): Promise<void> {
    const [file, folder] = [this.#file, this.#folder];
    this.#file = undefined;
    this.#folder = undefined;
    this.#onDiscard();
    await file?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
