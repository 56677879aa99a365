import type {
  ColumnBatch,
  DestinationSession,
  FencingToken,
  LoadTransaction,
  StoredCheckpoint,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { rawIdPrefixes } from "./raw-ids.ts";
import type { Scene } from "./scene.ts";
import { checkpointOf, type WriteStream } from "./write-plan.ts";

export interface LoaderScene {
  readonly session: DestinationSession;
  readonly token: FencingToken;
  readonly scene: Scene;
}

/** Rows of one stream on their way into the destination. */
export interface Load {
  readonly stream: WriteStream;
  readonly batch: ColumnBatch;
}

/** Loads rows into one transaction after the other. Not for calls side by side. */
export class Loader {
  readonly #input: LoaderScene;
  readonly #nextPrefix: () => string;
  #transaction: LoadTransaction | undefined;
  readonly #touched = new Set<WriteStream>();

  constructor(input: LoaderScene) {
    this.#input = input;
    this.#nextPrefix = rawIdPrefixes(() => input.scene.context.clock.now(), input.scene.random);
  }

  /** Whether rows are loaded that are not committed. */
  get isOpen(): boolean {
    return this.#transaction !== undefined;
  }

  /** The names of the columns in the order the destination wants them. */
  fieldsOf(stream: WriteStream): readonly string[] {
    return this.#encoding(stream).columns.map(({ field }) => field.name);
  }

  /** Loads the rows; returns how many the destination refused. */
  async load({ stream, batch }: Load): Promise<number> {
    const { session, token, scene } = this.#input;
    const { signal, clock } = scene.context;
    this.#transaction ??= await session.transaction(signal);
    this.#touched.add(stream);
    const reasons = new Map<string, number>();
    const result = await this.#transaction.load({
      stream: stream.plan,
      encoding: this.#encoding(stream),
      read: { form: "batches", chunks: once(batch), rows: () => batch.rows },
      meta: {
        rawIdPrefix: this.#nextPrefix(),
        extractedAt: clock.now(),
        generation: stream.plan.generation,
        sync: stream.sync ?? token.sync,
      },
      reject: async ({ code, reason }) => {
        const said = `${code}: ${reason}`;
        reasons.set(said, (reasons.get(said) ?? 0) + 1);
      },
      progress: () => undefined,
      signal,
    });
    if (result.received !== batch.rows || result.received !== result.written + result.rejected) {
      throw miscounted(stream.plan.key, batch.rows, result.written + result.rejected);
    }
    for (const [said, rows] of reasons) {
      scene.context.log("warn", `${stream.plan.key}: ${rows} rows were refused and are not written: ${said}`);
    }
    return result.rejected;
  }

  async commit(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const checkpoints: StoredCheckpoint[] = [...this.#touched].map((stream) =>
      checkpointOf(stream, "loading"),
    );
    await transaction.commit(checkpoints);
    this.#transaction = undefined;
    this.#touched.clear();
  }

  async rollback(): Promise<void> {
    await this.#transaction?.rollback();
    this.#transaction = undefined;
  }

  #encoding(stream: WriteStream) {
    const batch = this.#input.session.takes(stream.plan).find(({ format }) => format === "batch");
    if (batch === undefined) throw new TypeError("Every destination takes batches.");
    return batch;
  }
}

async function* once(batch: ColumnBatch): AsyncGenerator<ColumnBatch> {
  yield batch;
}

function miscounted(stream: string, sent: number, arrived: number): WeirError {
  return new WeirError({
    code: "destination.count_mismatch",
    message: `Stream ${stream}: ${sent} rows were sent, the destination accounts for ${arrived}.`,
    next: "They were not committed. Run again; if it repeats, report it with the connector's version.",
    recovery: "stop",
    origin: "destination",
    stream,
  });
}
