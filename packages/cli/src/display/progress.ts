import type { SyncEvent } from "@weir/engine";

/** Shows a sync while it runs. */
export interface Display {
  apply(event: SyncEvent): void;
  /** Leaves the last state on the screen; nothing is written after. */
  stop(): void;
}

type Stage = "waiting" | "moving" | "done" | "failed";

/** What is known of a stream while a sync runs. Rows and bytes are those on their way or committed in this sync. */
export interface StreamProgress {
  readonly key: string;
  stage: Stage;
  route: string;
  rows: number;
  bytes: number;
  committed: number;
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

  apply(event: SyncEvent): void {
    switch (event.type) {
      case "attempt-started":
        this.remark = undefined;
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
        this.#update(event.stream, { committed: event.rows.committed, rejected: event.rows.rejected });
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
        this.remark = `attempt ${event.attempt} in ${Math.ceil(event.waitMs / 1000)} s`;
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
      startedAt: undefined,
      endedAt: undefined,
    });
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
      committed: 0,
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
  if (expectedRows !== undefined && expectedRows > 0) return Math.min(0.99, rows / expectedRows);
  if (expectedBytes !== undefined && expectedBytes > 0) return Math.min(0.99, bytes / expectedBytes);
  return undefined;
}
