import { execFileSync } from "node:child_process";

/** Node cannot make one; every Linux has this program. */
const PROGRAM = "mkfifo";

export function makeFifo(path: string): void {
  execFileSync(PROGRAM, [path]);
}
