import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { watchMemory } from "./memory.ts";
import { familyOf, timesOf } from "./proc.ts";

/** A program as a user runs it. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Files or FIFOs in place of the program's own input and output. */
  readonly stdin?: string | undefined;
  readonly stdout?: string | undefined;
}

export interface Measured {
  /** From the start of the first process to the end of the last. */
  readonly seconds: number;
  /** User and system time of the commands and all they started. */
  readonly cpuSeconds: number;
  /** The same of the database server. */
  readonly serverCpuSeconds: number;
  readonly peakBytes: number;
  /** What the last command wrote to its standard output. */
  readonly output: string;
}

/** Runs commands side by side and measures them as one. `server` is a postmaster. */
export async function measure(commands: readonly Command[], server: number): Promise<Measured> {
  const cpuBefore = waitedCpu();
  const serverBefore = serverCpu(server);
  const start = performance.now();
  const outcomes = await Promise.all(commands.map(run));
  const seconds = (performance.now() - start) / 1000;
  return {
    seconds,
    cpuSeconds: waitedCpu() - cpuBefore,
    serverCpuSeconds: serverCpu(server) - serverBefore,
    peakBytes: outcomes.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
    output: outcomes.at(-1)?.output ?? "",
  };
}

/** What this process has waited for: its children, with all they waited for. */
function waitedCpu(): number {
  return timesOf(process.pid)?.waitedSeconds ?? 0;
}

/** Backends that have ended count in the postmaster's own figures, the others by themselves. */
function serverCpu(postmaster: number): number {
  const ended = timesOf(postmaster)?.waitedSeconds ?? 0;
  return familyOf(postmaster).reduce((sum, pid) => sum + (timesOf(pid)?.ownSeconds ?? 0), ended);
}

function run({ argv, env, cwd, stdin, stdout }: Command): Promise<{ peakBytes: number; output: string }> {
  // The shell gives way to the program: opening a FIFO waits for the other side, which only the program may do.
  const redirected = `exec "$@" ${stdin === undefined ? "" : '<"$BENCH_STDIN"'} ${stdout === undefined ? "" : '>"$BENCH_STDOUT"'}`;
  const files = { BENCH_STDIN: stdin ?? "", BENCH_STDOUT: stdout ?? "" };
  const child = spawn("/bin/sh", ["-c", redirected, "bench", ...argv], {
    cwd,
    env: { ...process.env, ...env, ...files },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const memory = watchMemory(child.pid ?? 0);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const peakBytes = memory.stop();
      if (code === 0) resolve({ peakBytes, output });
      else reject(new Error(`${argv.join(" ")} ended with ${code ?? signal}:\n${errors}${output}`));
    });
  });
}
