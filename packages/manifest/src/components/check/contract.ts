import type { CheckResult } from "@weir/protocol";
import type { StreamComponent } from "../stream/contract.ts";

export interface Check {
  run(streams: readonly StreamComponent[], signal: AbortSignal): Promise<CheckResult>;
}
