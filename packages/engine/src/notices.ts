import type { PlannedStream } from "./planned-stream.ts";
import { isIncremental } from "./select.ts";
import type { StreamRun } from "./stream-run.ts";

/** What the user must be told about a stream whose read repeated rows without a key to sort them out. */
export function overlapNotice(run: StreamRun): string | undefined {
  if (!run.document.overlap || run.keepsAll || run.planned.plan.primaryKey.length > 0) return undefined;
  const mode = isIncremental(run.planned.selected.mode) ? "load" : "full refresh";
  return `${run.key}: the ${mode} was continued after an interruption and the stream has no primary key: rows that changed or moved in between may stand twice. Set a primary key, or refresh the stream for an exact copy.`;
}

/** What becomes of the rows already there when the source cannot go on from its state. */
export function restartNotice(planned: PlannedStream, reason: string): string {
  const said = `${planned.selected.key}: reading starts again: ${reason}`;
  if (!keepsAll(planned)) return said;
  return `${said}. The rows already there stay, and everything is read again and appended to them, so that rows stand twice: refresh the stream for one copy of each.`;
}

/** Rows of earlier syncs are not told from those that come again, not even by a key: appending keeps history. */
export function keepsAll({ selected, plan, document }: PlannedStream): boolean {
  return isIncremental(selected.mode) && plan.mode === "append" && document.finished > 0;
}
