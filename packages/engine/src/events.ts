import type { Failure } from "@weir/protocol";

export type SyncStatus = "succeeded" | "failed" | "cancelled";

export interface RowCounts {
  readonly read: number;
  readonly committed: number;
  readonly rejected: number;
  /** Committed rows with at least one value nulled or truncated. */
  readonly changed: number;
}

/** What a sync tells while it runs; delivered in order, synchronously. `at` is milliseconds since 1970. */
export type SyncEvent =
  | {
      readonly type: "attempt-started";
      readonly at: number;
      readonly sync: number;
      readonly attempt: number;
      readonly streams: readonly string[];
    }
  | {
      readonly type: "stream-started";
      readonly at: number;
      readonly stream: string;
      readonly table: string;
      readonly route: string;
      readonly rows?: number | undefined;
      readonly bytes?: number | undefined;
    }
  /** Rows and bytes on their way since the last progress event of the stream; not yet committed. */
  | {
      readonly type: "progress";
      readonly at: number;
      readonly stream: string;
      readonly rows: number;
      readonly bytes: number;
    }
  /** A part is durable at the destination; counts are of the sync so far. */
  | { readonly type: "checkpoint"; readonly at: number; readonly stream: string; readonly rows: RowCounts }
  | {
      readonly type: "replay";
      readonly at: number;
      readonly stream: string;
      readonly part: string;
      readonly failure: Failure;
    }
  | {
      readonly type: "stream-finished";
      readonly at: number;
      readonly stream: string;
      readonly rows: RowCounts;
      readonly seconds: number;
    }
  | {
      readonly type: "stream-failed";
      readonly at: number;
      readonly stream: string;
      readonly failure: Failure;
    }
  | {
      readonly type: "attempt-failed";
      readonly at: number;
      readonly attempt: number;
      readonly failure: Failure;
      readonly partial: boolean;
    }
  | {
      readonly type: "retry-scheduled";
      readonly at: number;
      readonly attempt: number;
      readonly waitMs: number;
    }
  | {
      readonly type: "notice";
      readonly at: number;
      readonly stream?: string | undefined;
      readonly message: string;
    }
  | { readonly type: "finished"; readonly at: number; readonly status: SyncStatus };
