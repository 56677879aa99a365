import type { RowCounts, SyncEvent } from "@weir/engine";
import { bytes as formatBytes, rate } from "../output/numbers.ts";

/** Shows a sync while it runs. */
export interface Display {
  apply(event: SyncEvent): void;
  /** Leaves the last state on the screen; nothing is written after. */
  stop(): void;
}

type Stage = "waiting" | "moving" | "done" | "failed";

/** What is known of a stream while a sync runs. */
export interface StreamProgress {
  readonly key: string;
  stage: Stage;
  route: string;
  /** Committed in this sync, or on their way. Some routes learn of rows only when a part is over: bytes run ahead. */
  rows: number;
  bytes: number;
  /** Rows in `rows` before this attempt began: they say nothing of its speed. */
  rowsBefore: number;
  bytesBefore: number;
  committed: number;
  /** `bytes` as the last checkpoint found them. */
  bytesCommitted: number;
  rejected: number;
  expectedRows: number | undefined;
  expectedBytes: number | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
}

/** The state of a display, made from the engine's events. */
export class Progress {
  readonly streams = new Map<string, StreamProgress>();
  /** What is going on beside the streams: a wait before a retry. */
  remark: string | undefined;
  /** Number of the attempt under way; nothing while none has a plan. */
  attempt: number | undefined;

  apply(event: SyncEvent): void {
    switch (event.type) {
      case "attempt-started":
        this.remark = undefined;
        this.attempt = event.attempt;
        for (const key of event.streams) this.#begin(key);
        break;
      case "stream-started":
        this.#update(event.stream, {
          stage: "moving",
          route: event.route,
          startedAt: event.at,
          expectedRows: event.rows,
          expectedBytes: event.bytes,
        });
        break;
      case "progress": {
        const stream = this.#stream(event.stream);
        stream.rows += event.rows;
        stream.bytes += event.bytes;
        break;
      }
      case "checkpoint":
        this.#committed(event.stream, event.rows);
        break;
      case "stream-finished":
        this.#update(event.stream, {
          stage: "done",
          rows: event.rows.committed,
          committed: event.rows.committed,
          rejected: event.rows.rejected,
          endedAt: event.at,
        });
        break;
      case "stream-failed":
        this.#update(event.stream, { stage: "failed", endedAt: event.at });
        break;
      case "retry-scheduled":
        this.remark = `trying again in ${Math.ceil(event.waitMs / 1000)} s`;
        this.attempt = undefined;
        break;
      default:
        break;
    }
  }

  /** A new attempt goes on after what is committed; what was on its way is read again. */
  #begin(key: string): void {
    const stream = this.#stream(key);
    if (stream.stage === "done") return;
    Object.assign(stream, {
      stage: "waiting",
      rows: stream.committed,
      rowsBefore: stream.committed,
      bytes: stream.bytesCommitted,
      bytesBefore: stream.bytesCommitted,
      startedAt: undefined,
      endedAt: undefined,
    });
  }

  #committed(key: string, counts: RowCounts): void {
    const stream = this.#stream(key);
    // Counts are of the sync: what a process before this one committed shows here for the first time.
    const earlier = Math.max(0, counts.committed - stream.rows);
    stream.rows += earlier;
    stream.rowsBefore += earlier;
    stream.committed = counts.committed;
    stream.rejected = counts.rejected;
    stream.bytesCommitted = stream.bytes;
  }

  #update(key: string, change: Partial<StreamProgress>): void {
    Object.assign(this.#stream(key), change);
  }

  #stream(key: string): StreamProgress {
    const known = this.streams.get(key);
    if (known !== undefined) return known;
    const stream: StreamProgress = {
      key,
      stage: "waiting",
      route: "",
      rows: 0,
      bytes: 0,
      rowsBefore: 0,
      bytesBefore: 0,
      committed: 0,
      bytesCommitted: 0,
      rejected: 0,
      expectedRows: undefined,
      expectedBytes: undefined,
      startedAt: undefined,
      endedAt: undefined,
    };
    this.streams.set(key, stream);
    return stream;
  }
}

/** From 0 to 1, where the source gave an estimate; 1 only when done. */
export function share(stream: StreamProgress): number | undefined {
  if (stream.stage === "done") return 1;
  const { rows, bytes, expectedRows, expectedBytes } = stream;
  const shares = [
    ...(expectedRows !== undefined && expectedRows > 0 ? [rows / expectedRows] : []),
    ...(expectedBytes !== undefined && expectedBytes > 0 ? [bytes / expectedBytes] : []),
  ];
  return shares.length === 0 ? undefined : Math.min(0.99, Math.max(...shares));
}

/** Rows a second of this attempt, or bytes where the route does not tell of rows yet. */
export function speed(stream: StreamProgress, now: number): string {
  const { startedAt, endedAt, rows, rowsBefore, bytes, bytesBefore } = stream;
  const seconds = startedAt === undefined ? 0 : ((endedAt ?? now) - startedAt) / 1000;
  if (rows > rowsBefore || bytes === bytesBefore) return `${rate(rows - rowsBefore, seconds)} rows/s`;
  return seconds < 0.001 ? "-" : `${formatBytes((bytes - bytesBefore) / seconds)}/s`;
}

/** Attempts are counted over the processes of a sync; one that never got its number failed before it began. */
export function attemptFailed(attempt: number | undefined, message: string): string {
  return attempt === undefined
    ? `failed before it began: ${message}`
    : `attempt ${attempt} failed: ${message}`;
}
