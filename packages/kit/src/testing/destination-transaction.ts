import type {
  ColumnBatch,
  JsonObject,
  LoadRequest,
  LoadResult,
  LoadTransaction,
  StoredCheckpoint,
  StreamPlan,
} from "@weir/protocol";
import { rowsOf } from "../rows.ts";
import { parseCsv, unfitForBytes } from "./csv.ts";
import type { MemoryRow } from "./destination-store.ts";

/** What a transaction needs of its session. */
export interface TransactionScene {
  /** Why the system refuses a row; undefined when it takes it. */
  refuses(row: JsonObject): string | undefined;
  /** Passed before each chunk; throws when the session is dead or fenced off. */
  chunk(signal: AbortSignal): Promise<void>;
  isBegun(stream: StreamPlan): boolean;
  /** Called with a load's rows as soon as it is done. */
  loaded(stream: StreamPlan, rows: readonly MemoryRow[]): void;
  commit(loads: readonly Load[], checkpoints: readonly StoredCheckpoint[]): Promise<void>;
  over(): void;
}

export interface Load {
  readonly stream: StreamPlan;
  readonly rows: readonly MemoryRow[];
}

/** Gathers rows until commit. Calls that the contract forbids throw plain errors, so that tests see them. */
export function memoryTransaction(scene: TransactionScene): LoadTransaction {
  const loads: Load[] = [];
  let state: "open" | "loading" | "broken" | "over" = "open";
  const expect = (allowed: typeof state, call: string): void => {
    if (state !== allowed) throw new Error(`${call} is called while the transaction is ${state}.`);
  };
  const end = (): void => {
    if (state === "over") return;
    state = "over";
    scene.over();
  };
  return {
    load: async (request) => {
      expect("open", "load");
      if (!scene.isBegun(request.stream)) throw new Error(`Stream ${request.stream.key} was not begun.`);
      state = "loading";
      try {
        const { result, rows } = await load(scene, request);
        scene.loaded(request.stream, rows);
        loads.push({ stream: request.stream, rows });
        state = "open";
        return result;
      } catch (error) {
        state = "broken";
        throw error;
      }
    },
    commit: async (checkpoints) => {
      expect("open", "commit");
      await scene.commit(loads, checkpoints);
      end();
    },
    rollback: async () => end(),
  };
}

async function load(
  scene: TransactionScene,
  request: LoadRequest,
): Promise<{ readonly result: LoadResult; readonly rows: readonly MemoryRow[] }> {
  const rows: MemoryRow[] = [];
  const counts = { received: 0, rejected: 0, bytes: 0 };
  for await (const batch of batchesOf(scene, request)) {
    const before = rows.length + counts.rejected;
    for (const { data, changes, emittedAt } of rowsOf(batch, request.encoding)) {
      const reason = scene.refuses(data);
      if (request.read.form === "bytes" && (reason !== undefined || changes.length > 0)) {
        throw unfitForBytes(reason ?? "A value does not fit its column.");
      }
      const number = counts.received++;
      if (reason !== undefined) {
        counts.rejected += 1;
        await request.reject({ record: data, code: "destination.row_refused", reason });
        continue;
      }
      const { rawIdPrefix, extractedAt, generation, sync } = request.meta;
      const rawId = rawIdPrefix + number.toString(16).padStart(8, "0");
      rows.push({ rawId, extractedAt: emittedAt ?? extractedAt, generation, sync, changes, data });
    }
    counts.bytes += batch.bytes;
    request.progress(rows.length + counts.rejected - before, batch.bytes);
  }
  const changed = rows.filter(({ changes }) => changes.length > 0).length;
  return { rows, result: { ...counts, written: rows.length, changed } };
}

async function* batchesOf(scene: TransactionScene, request: LoadRequest): AsyncGenerator<ColumnBatch> {
  const { read, encoding, signal } = request;
  if (read.form === "batches") {
    for await (const batch of read.chunks) {
      await scene.chunk(signal);
      yield batch;
    }
    return;
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of read.chunks) {
    await scene.chunk(signal);
    text += decoder.decode(chunk, { stream: true });
  }
  yield parseCsv(text + decoder.decode(), encoding);
}
