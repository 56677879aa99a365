import { readdirSync, readFileSync } from "node:fs";

/** CPU time is given in ticks of 10 ms on every Linux. */
const TICKS_PER_SECOND = 100;

export interface ProcessTimes {
  readonly parent: number;
  /** User and system time of the process itself. */
  readonly ownSeconds: number;
  /** The same of the children it has waited for, and of theirs. */
  readonly waitedSeconds: number;
}

/** `/proc/<pid>/stat`. The name, in parentheses, may hold blanks and parentheses itself. */
export function parseStat(text: string): ProcessTimes {
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const seconds = (user: number, system: number): number =>
    ((fields[user] ?? Number.NaN) + (fields[system] ?? Number.NaN)) / TICKS_PER_SECOND;
  const times = {
    parent: fields[1] ?? Number.NaN,
    ownSeconds: seconds(11, 12),
    waitedSeconds: seconds(13, 14),
  };
  if (Object.values(times).some(Number.isNaN)) throw new Error(`not a stat file: ${text}`);
  return times;
}

/** `VmHWM` of `/proc/<pid>/status`: the most memory the process ever held; 0 for one that has ended. */
export function parsePeakBytes(text: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** A process of the family tree, or undefined once it has gone. */
export function timesOf(pid: number): ProcessTimes | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

export function peakBytesOf(pid: number): number {
  return parsePeakBytes(read(`/proc/${pid}/status`) ?? "");
}

/** The process and everything it started that still runs. */
export function familyOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

/** Any thread may have started a child. */
function childrenOf(pid: number): readonly number[] {
  return entries(`/proc/${pid}/task`).flatMap((thread) => {
    const text = read(`/proc/${pid}/task/${thread}/children`) ?? "";
    return text.split(" ").filter(Boolean).map(Number);
  });
}

/** What is read here may end at any moment. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
