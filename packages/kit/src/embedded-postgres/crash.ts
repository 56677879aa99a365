import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Ends the postmaster and all its backends with SIGKILL, as a machine that loses its database would. */
export async function crash(postmaster: number): Promise<void> {
  // Stopped first, so that it neither starts new backends nor notices those that die.
  signal(postmaster, "SIGSTOP");
  const children = childrenOf(postmaster);
  for (const pid of [postmaster, ...children]) signal(pid, "SIGKILL");
  while (children.some(isAlive)) await sleep(2);
}

/** Sends a signal; a process that is gone already is as good. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function childrenOf(pid: number): readonly number[] {
  return table()
    .filter((row) => row.parent === pid)
    .map((row) => row.pid);
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** `Z`: has ended and waits for its parent to take note of it. */
  readonly state: string;
}

function isAlive(pid: number): boolean {
  const row = process.platform === "linux" ? fromProc(pid) : table().find((entry) => entry.pid === pid);
  return row !== undefined && !/^[ZX]/.test(row.state);
}

function table(): readonly ProcessRow[] {
  if (process.platform === "linux") {
    const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
    return pids.map(fromProc).filter((row) => row !== undefined);
  }
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pid = "", parent = "", state = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state };
    });
}

/** The name in parentheses may itself hold blanks and parentheses. */
function fromProc(pid: number): ProcessRow | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid, parent: Number(parent), state };
  } catch {
    return undefined;
  }
}
