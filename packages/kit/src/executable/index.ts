export type { InProcessOptions } from "./in-process.ts";
export { inProcess, messageBatches } from "./in-process.ts";
export { errorLine, messageLine } from "./messages.ts";
export { parseStates } from "./state-file.ts";
