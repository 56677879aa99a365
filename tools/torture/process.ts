import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";

export const WEIR = join(import.meta.dirname, "../../packages/cli/bin/weir.js");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly milliseconds: number;
}

export interface RunningWeir {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `weir` as a user runs it, in a process of its own. */
export function startWeir(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): RunningWeir {
  const started = Date.now();
  const child = spawn(process.execPath, [WEIR, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ code, signal, output, milliseconds: Date.now() - started }),
    );
  });
  return { child, ended };
}
