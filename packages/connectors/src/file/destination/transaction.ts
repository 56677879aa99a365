import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { LoadRequest, LoadResult, LoadTransaction, StoredCheckpoint } from "@weir/protocol";
import { guarded } from "./failures.ts";
import type { Operation } from "./manifest.ts";
import { hiddenName } from "./names.ts";
import type { Places } from "./places.ts";
import type { FilesWriter, Target } from "./target.ts";

export interface TransactionScene {
  readonly places: Places;
  readonly writer: FilesWriter;
  /** Of this transaction alone. */
  readonly folder: string;
  target(stream: string): Target;
  commit(checkpoints: readonly StoredCheckpoint[], operations: readonly Operation[]): Promise<void>;
  /** Why something failed: files of a session that was overtaken are removed under it. */
  reason(error: unknown): Promise<unknown>;
  over(): void;
}

/** Writes files where nobody sees them; the commit says where they belong. */
export class FileTransaction implements LoadTransaction {
  readonly #scene: TransactionScene;
  #over = false;
  /** From then on a manifest may name the files, whatever becomes of the call: the next `begin` moves or removes them. */
  #named = false;

  constructor(scene: TransactionScene) {
    this.#scene = scene;
  }

  async load(request: LoadRequest): Promise<LoadResult> {
    const scene = this.#scene;
    request.signal.throwIfAborted();
    return this.#explained(() => scene.writer.load(scene.target(request.stream.key), request));
  }

  async commit(checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    const { places, writer } = this.#scene;
    const files = await this.#explained(() => writer.end());
    const operations = files.map(({ target, path, partition, name }): Operation => {
      const to =
        target.staged === null
          ? join(target.folder, partition, name)
          : join(target.staged, partition, hiddenName(name));
      return { do: "move", id: randomUUID(), from: relative(places.root, path), to };
    });
    this.#named = true;
    await this.#scene.commit(checkpoints, operations);
    this.#named = false;
    await this.#end();
  }

  async rollback(): Promise<void> {
    await this.#scene.writer.discard();
    await this.#end();
  }

  async #explained<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await guarded(this.#scene.places.root, act);
    } catch (error) {
      throw await this.#scene.reason(error);
    }
  }

  async #end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#scene.over();
    if (this.#named) return;
    await rm(this.#scene.folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
