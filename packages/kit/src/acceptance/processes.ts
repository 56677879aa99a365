import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Kills every process of the groups at once and without a word. */
export function killAll(groups: readonly number[]): void {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** What processes hold together. */
export interface Holding {
  readonly processes: number;
  readonly descriptors: number;
  readonly residentBytes: number;
}

/** From Linux's own account of its processes; undefined elsewhere. */
export async function holdingOf(groups: readonly number[]): Promise<Holding | undefined> {
  const sum = { processes: 0, descriptors: 0, residentBytes: 0 };
  let names: readonly string[];
  try {
    names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  for (const name of names) {
    try {
      if (!groups.includes(await groupOf(name))) continue;
      const descriptors = await readdir(`/proc/${name}/fd`);
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${name}/status`, "utf8"))?.[1];
      if (resident === undefined) continue;
      sum.processes += 1;
      sum.descriptors += descriptors.length;
      sum.residentBytes += Number(resident) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}

/** Processes of the groups that still live: they need a moment to be gone after their end. */
export async function livingOn(groups: readonly number[]): Promise<number> {
  let left = (await holdingOf(groups))?.processes ?? 0;
  for (let tries = 0; left > 0 && tries < 40; tries++) {
    await sleep(50);
    left = (await holdingOf(groups))?.processes ?? 0;
  }
  return left;
}

/** The name before it may hold blanks and parentheses itself. */
async function groupOf(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ", 3)[2]);
}
