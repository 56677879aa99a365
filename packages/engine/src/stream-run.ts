import type { Failure, JsonValue, LoadResult, StreamReader } from "@weir/protocol";
import type { StreamDocument } from "./document.ts";
import { addCounts } from "./document.ts";
import { tableText } from "./naming.ts";
import type { PlannedStream } from "./planned-stream.ts";
import type { StreamResult, VerifyResult } from "./request.ts";
import { isIncremental } from "./select.ts";
import type { StreamSignal, StreamState } from "./states.ts";
import { next, STREAM } from "./states.ts";

/** One stream in one attempt: its state, its checkpoint as committed so far, and what the result will say. */
export class StreamRun {
  planned: PlannedStream;
  /** The checkpoint last committed, or planned while nothing is. */
  document: StreamDocument;
  reader: StreamReader | undefined;
  /** Everything comes again beside the rows of earlier syncs, and the user has been told. */
  keepsAll = false;
  failure: Failure | undefined;
  verified: VerifyResult | undefined;
  startedAt = 0;
  endedAt = 0;
  bytes = 0;
  #state: StreamState = "pending";
  readonly #routes = new Map<string, number>();
  readonly #acknowledgesLater: boolean;
  #acknowledged: StreamDocument;

  constructor(planned: PlannedStream, acknowledgesLater = false) {
    this.planned = planned;
    this.document = planned.document;
    this.#acknowledgesLater = acknowledgesLater;
    this.#acknowledged = planned.document;
  }

  /** The checkpoint the destination is known to have made durable. */
  get durable(): StreamDocument {
    return this.#acknowledgesLater ? this.#acknowledged : this.document;
  }

  acknowledged(document: StreamDocument): void {
    this.#acknowledged = document;
  }

  get key(): string {
    return this.planned.plan.key;
  }

  get state(): StreamState {
    return this.#state;
  }

  get table(): string {
    return tableText(this.planned.plan.table);
  }

  move(signal: StreamSignal): void {
    this.#state = next(STREAM, this.#state, signal);
  }

  /** Replaces the plan, before anything was loaded. */
  replan(planned: PlannedStream): void {
    this.planned = planned;
    this.document = planned.document;
    this.#acknowledged = planned.document;
  }

  fail(failure: Failure, cancelled: boolean): void {
    this.move(cancelled ? "cancel" : "failure");
    if (this.#state === "broken") this.failure ??= failure;
  }

  /** The checkpoint that goes into a part's transaction. */
  documentAfter(
    state: JsonValue | null,
    overlap: boolean,
    result: LoadResult,
    rejects: readonly string[],
  ): StreamDocument {
    const document = this.document;
    return {
      ...document,
      phase: "loading",
      uncovered: false,
      state,
      overlap: document.overlap || overlap,
      counts: addCounts(document.counts, {
        read: result.received,
        committed: result.written,
        rejected: result.rejected,
        changed: result.changed,
      }),
      rejects: [...document.rejects, ...rejects],
    };
  }

  /** The checkpoint that goes into `finish`. A full refresh begins anew next time, an increment goes on. */
  documentFinished(sync: number): StreamDocument {
    return {
      ...this.document,
      phase: "complete",
      clear: false,
      uncovered: false,
      minimumGeneration: 0,
      overlap: false,
      finished: sync,
      state:
        this.planned.work === "clear" || !isIncremental(this.planned.selected.mode)
          ? null
          : this.document.state,
    };
  }

  committed(document: StreamDocument, result: LoadResult, format: string): void {
    this.document = document;
    this.bytes += result.bytes;
    this.#routes.set(format, (this.#routes.get(format) ?? 0) + result.received);
  }

  result(pathOf: (name: string) => string): StreamResult {
    const document = this.durable;
    const routes = [...this.#routes]
      .filter(([, rows]) => rows > 0)
      .toSorted((left, right) => right[1] - left[1]);
    return {
      stream: this.key,
      table: this.table,
      mode: this.planned.selected.mode,
      route: routes.map(([format]) => format).join(", "),
      rows: document.counts,
      bytes: this.bytes,
      seconds: Math.max(0, (this.endedAt - this.startedAt) / 1000),
      status: this.state,
      rejects: document.rejects.map(pathOf),
      verified: this.verified,
      failure: this.failure,
    };
  }
}
