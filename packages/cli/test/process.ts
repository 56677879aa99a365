import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const bin = fileURLToPath(new URL("../bin/weir.js", import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** The bin as a process of its own, on this Node or another. */
export function start(
  argv: readonly string[],
  options: {
    readonly cwd: string;
    readonly node?: string;
  },
): Started {
  const child = spawn(options.node ?? process.execPath, [bin, ...argv], {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Awaited<Started["ended"]>>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Resolves when the process has written this to stderr. */
export function said(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve();
    });
    child.on("close", () => reject(new Error(`it ended without "${words}": ${text}`)));
  });
}

/** A Node on the PATH that is too old for TypeScript, as on a machine with only Node 20. */
export function olderNode(): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .find((path) => {
      if (!existsSync(path)) return false;
      const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
      const major = Number.parseInt(stdout.slice(1), 10);
      return major >= 20 && major < 24;
    });
}

/** All processes below one, from Linux's own account of them. */
export function descendantsOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const found = /^\d+$/.test(name) ? statusOf(Number(name)) : undefined;
    if (found !== undefined) parents.set(Number(name), found.parent);
  }
  const below: number[] = [];
  for (let next = [pid]; next.length > 0;) {
    next = [...parents].filter(([, parent]) => next.includes(parent)).map(([child]) => child);
    below.push(...next);
  }
  return below;
}

function isAlive(pid: number): boolean {
  const found = statusOf(pid);
  return found !== undefined && !/[ZX]/.test(found.state);
}

/** The processes that still live after a few seconds. */
export async function survivors(pids: readonly number[]): Promise<readonly number[]> {
  const deadline = performance.now() + 10_000;
  while (pids.some(isAlive) && performance.now() < deadline) await sleep(50);
  return pids.filter(isAlive);
}

/** The name in parentheses may hold blanks and parentheses itself. */
function statusOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
