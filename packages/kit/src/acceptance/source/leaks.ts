import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { JsonObject } from "@weir/protocol";
import { expect } from "../expect.ts";
import { whileReading } from "./held-by-child.ts";
import { configured, readFrom } from "./reading.ts";
import type { SourceSubject } from "./subject.ts";

const READS = 6;

/** What a single read may leave behind, in bytes: caches fill, and engines compile. */
const GROWTH_FOR_EACH = 2_000_000;

/** Handles that come and go by themselves. */
const PASSING = new Set(["Timeout", "Immediate", "TTYWrap", "FSReqPromise", "FSReqCallback"]);

export async function leavesNothing(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await configured(subject, "full_refresh");
  const collect = collector();
  const round = async (): Promise<void> => {
    await readFrom(subject, { catalog });
    await readFrom(subject, { catalog, stopAfterStates: 1 });
  };
  await round();
  await round();
  // What others in this process do meanwhile looks like a leak once, a leak does so each time.
  let tried = await growth(round, collect);
  for (let tries = 1; tried.problem !== undefined && tries < 3; tries++) tried = await growth(round, collect);
  expect(tried.problem === undefined, tried.problem ?? "");
  const evidence = { reads: READS, grownKilobytes: Math.round(tried.grown / 1000) };
  if (subject.runner.groups === undefined) return evidence;
  return { ...evidence, ...(await whileReading(subject, catalog)) };
}

async function growth(
  round: () => Promise<void>,
  collect: () => void,
): Promise<{ readonly problem: string | undefined; readonly grown: number }> {
  collect();
  const before = { memory: process.memoryUsage(), handles: handles() };
  for (let read = 0; read < READS; read += 2) await round();
  let left = excess(handles(), before.handles);
  // Sockets and processes need a moment to be gone after their end.
  for (let tries = 0; left.length > 0 && tries < 20; tries++) {
    await sleep(100);
    left = excess(handles(), before.handles);
  }
  collect();
  const now = process.memoryUsage();
  const grown = now.heapUsed + now.arrayBuffers - before.memory.heapUsed - before.memory.arrayBuffers;
  if (left.length > 0) return { problem: `${READS} reads leave open: ${left.join(", ")}`, grown };
  const much = grown >= READS * GROWTH_FOR_EACH;
  return {
    problem: much ? `${READS} reads leave ${Math.round(grown / 1e6)} MB in memory` : undefined,
    grown,
  };
}

function handles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function excess(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): readonly string[] {
  return [...now].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}

/** Collects garbage now, whether or not the process was started for that. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
