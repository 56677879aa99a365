import type {
  LoadRequest,
  LoadResult,
  LoadTransaction,
  RejectedRow,
  RowMeta,
  StoredCheckpoint,
  StreamPlan,
} from "@weir/protocol";
import { type BatchRow, rowsOf } from "../rows.ts";
import type { DestinationRow } from "./writer.ts";
import type { Spool } from "./spool.ts";

export interface WriterScene {
  /** Where rows wait for the commit; absent: they are written as they come. */
  readonly spool: Spool | undefined;
  write(stream: StreamPlan, rows: readonly DestinationRow[]): Promise<readonly RejectedRow[] | void>;
  commit(checkpoints: readonly StoredCheckpoint[], spool: Spool | undefined): Promise<void>;
}

export function writerTransaction(scene: WriterScene): LoadTransaction {
  return {
    load: (request) => load(scene, request),
    commit: async (checkpoints) => {
      await scene.commit(checkpoints, scene.spool);
      await scene.spool?.discard();
    },
    rollback: async () => {
      await scene.spool?.discard().catch(() => {});
    },
  };
}

async function load(scene: WriterScene, request: LoadRequest): Promise<LoadResult> {
  const { stream, read, encoding, signal } = request;
  if (read.form !== "batches") throw new TypeError("This destination takes batches only.");
  const counts = { received: 0, rejected: 0, changed: 0, bytes: 0 };
  for await (const batch of read.chunks) {
    signal.throwIfAborted();
    const rows: DestinationRow[] = [];
    for (const row of rowsOf(batch, encoding)) {
      if (row.changes.length > 0) counts.changed += 1;
      rows.push({ meta: metaOf(row, request.meta, counts.received++), data: row.data });
    }
    if (scene.spool === undefined) {
      for (const refused of (await scene.write(stream, rows)) ?? []) {
        counts.rejected += 1;
        await request.reject(refused);
      }
    } else {
      await scene.spool.add({ key: stream.key, rows });
    }
    counts.bytes += batch.bytes;
    request.progress(batch.rows, batch.bytes);
  }
  return { ...counts, written: counts.received - counts.rejected };
}

function metaOf(row: BatchRow, meta: RowMeta, number: number): DestinationRow["meta"] {
  const changes = row.changes.map(({ field, change, reason }) => ({ field, change, reason }));
  return {
    _airbyte_raw_id: meta.rawIdPrefix + number.toString(16).padStart(8, "0"),
    _airbyte_extracted_at: new Date(row.emittedAt ?? meta.extractedAt).toISOString(),
    _airbyte_meta: { sync_id: meta.sync, changes },
    _airbyte_generation_id: meta.generation,
  };
}
