import type { Failure, FencingToken } from "@weir/protocol";
import type { AttemptOutcome } from "./attempt.ts";
import type { SyncStatus } from "./events.ts";
import { refusedResult } from "./refused.ts";
import type { StreamResult, SyncRequest, SyncResult } from "./request.ts";
import { isDedup } from "./select.ts";
import type { SyncState } from "./states.ts";

/** Rows committed by this attempt: what makes its failure a partial one. */
export function committedRows(outcome: AttemptOutcome): number {
  return outcome.runs.reduce(
    (sum, run) => sum + run.durable.counts.committed - run.planned.document.counts.committed,
    0,
  );
}

export interface ResultInput {
  readonly request: SyncRequest;
  readonly state: SyncState;
  readonly token: FencingToken;
  readonly attempts: number;
  readonly startedAt: number;
  readonly transactional: boolean;
  readonly outcome: AttemptOutcome | undefined;
  readonly notices: readonly string[];
  readonly schemaNotes: readonly string[];
  readonly pathOf: (name: string) => string;
  readonly failure: Failure | undefined;
}

/** The result, and the last proof: success needs every stream complete and every row accounted for. [I9] */
export function buildResult(input: ResultInput): SyncResult {
  const { runs = [], refused = [] } = input.outcome ?? {};
  const streams = [...runs.map((run) => run.result(input.pathOf)), ...refused.map(refusedResult)].map(
    (stream) => ({ ...stream, delivery: deliveryOf(stream, input.transactional) }),
  );
  const failure =
    (input.failure === undefined ? undefined : ofSync(input.failure, streams)) ??
    (input.state === "succeeded" ? unproven(input.request, streams) : undefined);
  return {
    status: statusOf(input.state, failure),
    sync: input.token.sync,
    attempts: input.attempts,
    startedAt: input.startedAt,
    endedAt: input.request.clock.now(),
    delivery: input.transactional ? "exactly-once" : "at-least-once",
    streams,
    failure:
      input.state === "succeeded" || input.state === "cancelled" || input.state === "failed"
        ? failure
        : undefined,
    notices: input.notices,
    schemaNotes: input.schemaNotes,
  };
}

function deliveryOf({ mode }: StreamResult, transactional: boolean): StreamResult["delivery"] {
  if (transactional) return "exactly-once";
  return isDedup(mode) ? "exactly-once-after-dedup" : "at-least-once";
}

/**
 * A wrong choice for one stream is a wrong configuration where nothing else was to be done; beside streams that ran it is
 * a failed sync.
 */
function ofSync(failure: Failure, streams: readonly StreamResult[]): Failure {
  if (failure.origin !== "config") return failure;
  const wrong = streams.filter((stream) => stream.failure?.origin === "config");
  if (wrong.length === 0 || wrong.length === streams.length) return failure;
  return {
    code: "engine.streams_refused",
    message: `${wrong.length} of ${streams.length} streams cannot be moved as they are configured: ${wrong.map(({ stream }) => stream).join(", ")}.`,
    next: "See what is said of each; the other streams were moved.",
    recovery: "ask",
    origin: "engine",
  };
}

function statusOf(state: SyncState, failure: Failure | undefined): SyncStatus {
  if (state === "cancelled") return "cancelled";
  return state === "succeeded" && failure === undefined ? "succeeded" : "failed";
}

function unproven(request: SyncRequest, streams: readonly StreamResult[]): Failure | undefined {
  for (const { stream, status, rows, verified } of streams) {
    if (status !== "complete") return defect(stream, `it ended as ${status}`);
    if (rows.read !== rows.committed + rows.rejected) {
      return defect(
        stream,
        `${rows.read} rows were read, ${rows.committed} committed and ${rows.rejected} set aside`,
      );
    }
    if (verified?.outcome === "different")
      return different(stream, verified.source?.rows, verified.destination?.rows);
  }
  const rejected = streams.reduce((sum, { rows }) => sum + rows.rejected, 0);
  return rejected > request.connection.rejects.max ? tooManyRejects(rejected, request) : undefined;
}

function defect(stream: string, what: string): Failure {
  return {
    code: "engine.unproven",
    message: `Stream ${stream} cannot be called complete: ${what}.`,
    next: "Report it; a refresh of the stream makes an exact copy.",
    recovery: "stop",
    origin: "engine",
    stream,
  };
}

function different(stream: string, source: number | undefined, destination: number | undefined): Failure {
  return {
    code: "engine.verification_failed",
    message: `Stream ${stream} differs: ${source ?? "?"} rows at the source, ${destination ?? "?"} at the destination, or other keys.`,
    next: "If the source changed during the sync, run again; else refresh the stream and report it.",
    recovery: "stop",
    origin: "engine",
    stream,
  };
}

function tooManyRejects(rejected: number, request: SyncRequest): Failure {
  return {
    code: "engine.rows_rejected",
    message: `${rejected} rows could not be written and were set aside; the others are committed.`,
    next: `Look at the files under rejects, mend the cause, and refresh; or allow them with rejects.max (now ${request.connection.rejects.max}).`,
    recovery: "ask",
    origin: "destination",
    path: "rejects.max",
  };
}
