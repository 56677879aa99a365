import { describe, expect, it } from "vitest";
import type { Fault, FaultPoint, MemorySourceOptions } from "@weir/kit/testing";
import { memoryDestination, memorySource, randomFaults, seededRandom } from "@weir/kit/testing";
import type { SyncMode, SyncResult } from "../src/index.ts";
import { sync } from "../src/index.ts";
import { memoryStore, sceneRequest, usersStream } from "./scene.ts";

const MODES: readonly SyncMode[] = [
  "full_refresh_append",
  "full_refresh_overwrite",
  "full_refresh_overwrite_deduped",
  "incremental_append",
  "incremental_append_deduped",
];
const FORMS = ["parts", "STREAM", "GLOBAL", "LEGACY"] as const;
const ROWS = 57;
const SEEDS = 12;

/** How often each id stands in a table. */
function copies(
  rows: readonly { readonly data: Readonly<Record<string, unknown>> }[],
): ReadonlyMap<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const { data } of rows) counts.set(data["id"], (counts.get(data["id"]) ?? 0) + 1);
  return counts;
}

function each(count: number, times = 1): ReadonlyMap<unknown, number> {
  return new Map(Array.from({ length: count }, (_, id) => [id, times]));
}

interface World {
  readonly mode: SyncMode;
  readonly form: NonNullable<MemorySourceOptions["session"]>;
  readonly seed: number;
}

const WORLDS: readonly World[] = MODES.flatMap((mode) =>
  FORMS.flatMap((form) => Array.from({ length: SEEDS }, (_, seed) => ({ mode, form, seed: seed + 1 }))),
);

/** Passes faults only while armed. */
function switchable(): {
  arm: (faults: (point: FaultPoint) => Fault | undefined) => void;
  ask: (point: FaultPoint) => Fault | undefined;
} {
  let current: (point: FaultPoint) => Fault | undefined = () => undefined;
  return { arm: (faults) => (current = faults), ask: (point) => current(point) };
}

describe("random faults within one sync", () => {
  it.each(WORLDS)("$mode, $form, seed $seed: nothing lost, nothing doubled", async ({ mode, form, seed }) => {
    const random = seededRandom(seed);
    const faults = randomFaults(random, 0.06, 4);
    const users = usersStream(ROWS);
    const orders = usersStream(ROWS, "orders");
    const source = memorySource({
      streams: [users, orders],
      session: form,
      parallel: 3,
      csv: seed % 2 === 0,
      faults,
    });
    const destination = memoryDestination({ parallel: 2, csv: true, faults });
    const streams = ["users", "orders"].map((name) => ({ name, mode }));
    const request = sceneRequest({
      source,
      destination: destination.connector,
      streams,
      store: memoryStore(),
    });
    const result = await sync(request);
    expect(result.failure).toBeUndefined();
    expect(result.status).toBe("succeeded");
    for (const table of ["users", "orders"]) expect(copies(destination.rows(table))).toEqual(each(ROWS));
    // One state for all streams covers no full refresh: what is read again then is counted again.
    const again = mode === "full_refresh_append" && (form === "LEGACY" || form === "GLOBAL");
    if (!again) for (const { rows } of result.streams) expect(rows.committed).toBe(ROWS);

    users.rows = [...users.rows, { id: ROWS, v: ROWS }];
    await sync(request);
    const next = mode === "full_refresh_append" ? new Map([...each(ROWS, 2), [ROWS, 1]]) : each(ROWS + 1);
    expect(copies(destination.rows("users"))).toEqual(next);
  });
});

/** Runs a sync that stops for good at the nth fault point, as a killed process does. Tells whether it got that far. */
async function killedAt(
  nth: number,
  start: (faults: (point: FaultPoint) => Fault | undefined) => Promise<SyncResult>,
  crash: () => void,
): Promise<boolean> {
  let passed = 0;
  let reached: () => void = () => undefined;
  const stopped = new Promise<true>((resolve) => (reached = () => resolve(true)));
  const running = start(() => {
    passed += 1;
    if (passed < nth) return undefined;
    reached();
    return "hang";
  });
  const killed = await Promise.race([stopped, running.then(() => false)]);
  if (killed) crash();
  return killed;
}

describe("a process killed at every point of a sync", () => {
  it.each(MODES.flatMap((mode) => FORMS.map((form) => ({ mode, form }))))(
    "$mode, $form",
    async ({ mode, form }) => {
      for (let nth = 1; ; nth += 1) {
        const { arm, ask } = switchable();
        const users = usersStream(23);
        const source = memorySource({ streams: [users], session: form, parallel: 2, faults: ask });
        const destination = memoryDestination({ faults: ask });
        const store = memoryStore();
        const start = (faults: (point: FaultPoint) => Fault | undefined): Promise<SyncResult> => {
          arm(faults);
          return sync(
            sceneRequest({
              source,
              destination: destination.connector,
              streams: [{ name: "users", mode }],
              store,
            }),
          );
        };
        const killed = await killedAt(nth, start, () => destination.crash());
        const result = await start(() => undefined);
        expect(result.failure, `killed at ${nth}`).toBeUndefined();
        const times = mode === "full_refresh_append" ? result.sync : 1;
        expect(copies(destination.rows("users")), `killed at ${nth}`).toEqual(each(23, times));
        if (!killed) break;
        expect(result.sync, `killed at ${nth}: the same sync goes on`).toBe(1);
      }
    },
  );
});

describe("two processes for one connection", () => {
  it.each(FORMS)("the one believed dead cannot commit (%s)", async (session) => {
    const { arm, ask } = switchable();
    let held: (() => void) | undefined;
    let commits = 0;
    const destination = memoryDestination({ faults: ask });
    const slow = memorySource({ streams: [usersStream(30)], session });
    const gate = new Promise<void>((resolve) => (held = resolve));
    const paused: typeof slow = {
      ...slow,
      open: async (request) => {
        const opened = await slow.open(request);
        await gate;
        return opened;
      },
    };
    arm((point) => {
      if (point === "destination.commit") commits += 1;
      return undefined;
    });
    const first = sync(
      sceneRequest({ source: paused, destination: destination.connector, mode: "full_refresh_append" }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await sync(
      sceneRequest({ source: slow, destination: destination.connector, mode: "full_refresh_append" }),
    );
    held?.();
    const late = await first;
    expect(second.status).toBe("succeeded");
    expect(commits).toBeGreaterThan(0);
    expect(copies(destination.rows("users"))).toEqual(each(30, late.status === "succeeded" ? 2 : 1));
  });
});
