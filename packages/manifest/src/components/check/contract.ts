import type { CheckResult } from "@weir/protocol";
import type { StreamComponent } from "../stream/contract.ts";

export interface Check {
  run(subject: CheckSubject, signal: AbortSignal): Promise<CheckResult>;
}

export interface CheckSubject {
  readonly streams: readonly StreamComponent[];
  /** The streams that each dynamic stream made, by its name, in the order of the manifest. */
  readonly dynamic: ReadonlyMap<string, readonly StreamComponent[]>;
}
