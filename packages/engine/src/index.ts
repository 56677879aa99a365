export type { RowCounts, SyncEvent, SyncStatus } from "./events.ts";
export type { Limits } from "./limits.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export type * from "./request.ts";
export type { ChildProcessOptions, RunnerLimits } from "./runners/index.ts";
export { childProcess, environmentFor } from "./runners/index.ts";
export type { ConnectionStateView, StateRequest, StreamStateView } from "./state.ts";
export { resetState, showState } from "./state.ts";
export { sync } from "./sync.ts";
