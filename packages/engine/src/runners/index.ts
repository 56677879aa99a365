export { childProcess } from "./child-process.ts";
export type { ChildProcessOptions } from "./commands.ts";
export { environmentFor } from "./environment.ts";
export type { RunnerLimits } from "./limits.ts";
