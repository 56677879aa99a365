import type { FinishRequest, JsonObject, StreamPlan } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import type { MemoryRow, MemoryStore } from "./destination-store.ts";
import { compareValues } from "./stream.ts";

/** Makes a generation visible: what `DestinationSession.finish` promises, checkpoint and fence apart. */
export function finishStream(store: MemoryStore, stagedKey: string, request: FinishRequest): void {
  const { stream, overlap, since } = request;
  const table = store.table(stream);
  const staged = store.staged.get(stagedKey) ?? [];
  const kept = table.rows.filter((row) => row.generation >= stream.minimumGeneration);
  const ofThisLoad = (row: MemoryRow): boolean => row.generation === stream.generation && row.sync >= since;
  const sorted = (rows: readonly MemoryRow[]): readonly MemoryRow[] =>
    overlap && stream.primaryKey.length > 0 ? newest(rows, stream, ofThisLoad) : rows;
  table.rows = [];
  store.append(table, rowsAfter(stream, kept, staged, sorted));
  store.staged.delete(stagedKey);
}

function rowsAfter(
  stream: StreamPlan,
  kept: readonly MemoryRow[],
  staged: readonly MemoryRow[],
  sorted: (rows: readonly MemoryRow[]) => readonly MemoryRow[],
): readonly MemoryRow[] {
  switch (stream.mode) {
    case "append":
      return sorted(kept);
    case "overwrite":
      return [...kept, ...sorted(staged)];
    case "append_dedup":
    case "overwrite_dedup":
      return newest([...kept, ...staged], stream, () => true);
  }
}

/** Of the rows asked about, those with a key keep only the newest of each; order stays. */
function newest(
  rows: readonly MemoryRow[],
  stream: StreamPlan,
  asked: (row: MemoryRow) => boolean,
): readonly MemoryRow[] {
  const best = new Map<string, MemoryRow>();
  for (const row of rows.filter(asked)) {
    const key = keyOf(row.data, stream.primaryKey);
    const other = best.get(key);
    if (other === undefined || isNewer(row, other, stream.cursor)) best.set(key, row);
  }
  return rows.filter((row) => !asked(row) || best.get(keyOf(row.data, stream.primaryKey)) === row);
}

function keyOf(data: JsonObject, key: readonly string[]): string {
  return key.map((name) => stringifyJson(data[name] ?? null)).join("\u001F");
}

function isNewer(row: MemoryRow, other: MemoryRow, cursor: string | undefined): boolean {
  const byCursor = cursor === undefined ? 0 : compareValues(row.data[cursor], other.data[cursor]);
  if (byCursor !== 0) return byCursor > 0;
  if (row.extractedAt !== other.extractedAt) return row.extractedAt > other.extractedAt;
  return row.rawId > other.rawId;
}
