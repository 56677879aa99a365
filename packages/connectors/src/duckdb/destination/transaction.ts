import type { LoadRequest, LoadResult, LoadTransaction, StoredCheckpoint } from "@weir/protocol";
import { type LoadScene, loadBatches } from "./batch-load.ts";
import { loadCsv } from "./csv-load.ts";
import { loadFile } from "./file-load.ts";
import type { Pipes } from "./fifo.ts";
import type { Target } from "./target.ts";

export interface TransactionScene extends Omit<LoadScene, "target"> {
  readonly pipes: Pipes | undefined;
  target(stream: string): Target;
  /** Aborts when the session closes. */
  readonly closing: AbortSignal;
  /** Told of each load, for the end of the session to wait for. */
  loading(load: Promise<unknown>): void;
  /** Compares the fence, stores the checkpoints and commits what the link has open. */
  commit(checkpoints: readonly StoredCheckpoint[]): Promise<void>;
  /** Closes the link; what is not committed is rolled back. */
  close(): Promise<void>;
}

/** One DuckDB transaction on a connection of its own. */
export class DuckTransaction implements LoadTransaction {
  readonly #scene: TransactionScene;

  constructor(scene: TransactionScene) {
    this.#scene = scene;
  }

  async load(request: LoadRequest): Promise<LoadResult> {
    const load = this.#load({ ...request, signal: AbortSignal.any([request.signal, this.#scene.closing]) });
    this.#scene.loading(load);
    return load;
  }

  async #load(request: LoadRequest): Promise<LoadResult> {
    request.signal.throwIfAborted();
    const { link, hub, path, pipes } = this.#scene;
    const scene: LoadScene = { link, hub, path, target: this.#scene.target(request.stream.key) };
    if (request.read.form === "batches") return loadBatches(scene, request, request.read);
    if (request.read.file !== undefined) return loadFile(scene, request, request.read);
    if (pipes === undefined || request.encoding.format !== "csv") {
      throw new Error(`The encoding ${request.encoding.format} was not offered.`);
    }
    return loadCsv(scene, pipes, request, request.read);
  }

  async commit(checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    await this.#scene.commit(checkpoints);
    await this.#scene.close();
  }

  async rollback(): Promise<void> {
    await this.#scene.close();
  }
}
