import type { ConfiguredStream, StreamPlan } from "@weir/protocol";
import type { StreamDocument } from "./document.ts";
import type { Work } from "./load-plan.ts";
import type { SelectedStream } from "./select.ts";

/** One stream of one attempt: what to read, where to write, and the checkpoint to go on from. */
export interface PlannedStream {
  readonly selected: SelectedStream;
  readonly configured: ConfiguredStream;
  readonly plan: StreamPlan;
  /** Stored in `begin`; the runner makes the next ones from it. */
  readonly document: StreamDocument;
  readonly work: Work;
  readonly anew: boolean;
}
