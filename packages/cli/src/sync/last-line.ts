import type { StreamResult, SyncResult } from "@weir/engine";
import { bytes, count, duration } from "../output/numbers.ts";

/** Streams named in one line. */
const MOST_NAMED = 5;

/** How a sync ended, after its name and status: what it moved, or, where it did not reach the end, what holds. */
export function endingOf(result: SyncResult): string {
  const time = duration((result.endedAt - result.startedAt) / 1000);
  const attempts = result.attempts > 1 ? `, ${result.attempts} attempts` : "";
  if (result.status === "succeeded") {
    const rows = result.streams.reduce((sum, stream) => sum + stream.rows.committed, 0);
    const moved = result.streams.reduce((sum, stream) => sum + stream.bytes, 0);
    return `: sync ${result.sync}, ${count(rows)} rows, ${bytes(moved)} in ${time}${attempts}, ${result.delivery}`;
  }
  // A sync that never reached its destination has no number.
  if (result.sync === 0) return ` before it began, after ${time}${attempts}: nothing was moved`;
  return ` after ${time}: sync ${result.sync}${attempts}; ${holdingOf(result)}`;
}

function holdingOf({ streams, delivery }: SyncResult): string {
  if (streams.length === 0) return "nothing was moved";
  const complete = streams.filter(({ status }) => status === "complete");
  const rows = streams.reduce((sum, stream) => sum + stream.rows.committed, 0);
  const parts = [
    complete.length === streams.length
      ? `${streams.length === 1 ? "the stream is" : `all ${streams.length} streams are`} complete`
      : `${complete.length} of ${streams.length} streams complete${namesOf(complete)}`,
    `${count(rows)} rows committed`,
  ];
  if (complete.length === streams.length) return parts.join(", ");
  const again =
    delivery === "exactly-once"
      ? "run it again and it goes on from there"
      : "run it again and it goes on after the last checkpoint; rows sent since then may come twice";
  return `${parts.join(", ")}; ${again}`;
}

function namesOf(complete: readonly StreamResult[]): string {
  if (complete.length === 0) return "";
  const names = complete.slice(0, MOST_NAMED).map(({ stream }) => stream);
  return ` (${names.join(", ")}${complete.length > MOST_NAMED ? ", …" : ""})`;
}
