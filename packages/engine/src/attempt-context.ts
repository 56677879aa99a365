import type { DestinationSession, FencingToken, RowMeta, StoredCheckpoint } from "@weir/protocol";
import type { DeadLetters } from "./dead-letters.ts";
import type { SyncEvent } from "./events.ts";
import type { Limits } from "./limits.ts";
import type { SyncRequest } from "./request.ts";
import type { Slots } from "./slots.ts";
import type { StreamRun } from "./stream-run.ts";
import type { Watchdog } from "./watchdog.ts";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** What the runners of one attempt share. */
export interface AttemptContext {
  readonly request: SyncRequest;
  readonly limits: Limits;
  readonly token: FencingToken;
  readonly session: DestinationSession;
  readonly watchdog: Watchdog;
  /** Transactions the destination allows at once. */
  readonly slots: Slots;
  readonly deadLetters: DeadLetters;
  /** Rows of a commit are durable, and streams finished, only when the destination says so: see `acknowledged`. */
  readonly acknowledgesLater: boolean;
  /** Called when `begin` has passed with the checkpoints the attempt starts from. */
  readonly begun: (checkpoints: readonly StoredCheckpoint[]) => Promise<void>;
  /** Called after a commit with what the destination now holds; without effect where it acknowledges later. [I1] */
  readonly remember: (checkpoints: readonly StoredCheckpoint[]) => Promise<void>;
  readonly nextRawIdPrefix: () => string;
  readonly emit: (event: WithoutTime<SyncEvent>) => void;
  readonly signal: AbortSignal;
}

export function rowMeta(attempt: AttemptContext, run: StreamRun): RowMeta {
  return {
    rawIdPrefix: attempt.nextRawIdPrefix(),
    extractedAt: attempt.request.clock.now(),
    generation: run.planned.plan.generation,
    sync: attempt.token.sync,
  };
}
