import type { Fault, FaultPoint, Faults } from "@weir/kit/testing";
import { fakeClock, randomFaults, seededRandom } from "@weir/kit/testing";
import type { SyncResult, SyncStore } from "../../src/index.ts";
import { sync } from "../../src/index.ts";
import { cancelling, failing, memoryStore, refusing, sceneRequest } from "../scene.ts";
import type { Order } from "./oracle.ts";
import { Oracle } from "./oracle.ts";
import type { Kind, Random } from "./world.ts";
import { pick, World } from "./world.ts";

/** How a process ends. */
type Fate = "well" | "one refused" | "after faults" | "killed" | "cancelled" | "given up";

/** Codes that say that the engine broke a rule, not that it met a fault. */
const DEFECTS = new Set(["engine.unexpected", "engine.unproven", "engine.count_mismatch"]);

/** Several syncs in a row over one world. Returns what went wrong, with the story up to it. */
export async function runSchedule(kind: Kind, seed: number, syncs: number): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const world = new World(kind, random);
  const oracle = new Oracle(world);
  const store = memoryStore();
  const story: string[] = [];
  let refused = false;
  for (let nth = 1; nth <= syncs; nth += 1) {
    for (let changes = Math.floor(random() * 3); changes > 0; changes -= 1) {
      const { prefix } = world;
      const change = world.changeChoice();
      if (change.startsWith("prefix")) oracle.moved(prefix);
      if (change !== "") story.push(change);
    }
    const fate = nth === syncs ? "well" : fateOf(random);
    const order = refused ? { refresh: [{ stream: "*", retain: false }], clear: [] } : orderOf(world, random);
    oracle.asks(order);
    const told = describe(world, order);
    const result = await runOnce({ world, random, store, order, fate });
    const code = result?.failure?.code;
    story.push(
      `sync ${result?.sync ?? "?"}, ${fate}: ${told} -> ${result?.status ?? "killed"} ${code ?? ""}`,
    );
    if (result?.status === "failed") oracle.failed();
    refused = code === "config.legacy_state_shared";
    const wrong = [
      ...(result?.status === "succeeded" ? oracle.complaints(order) : []),
      ...(fate === "well" && result?.status !== "succeeded" && !refused ? [`did not succeed: ${code}`] : []),
      ...(code !== undefined && DEFECTS.has(code) ? [JSON.stringify(result?.failure)] : []),
    ];
    if (wrong.length > 0) return [`${JSON.stringify(kind)}, seed ${seed}`, ...story, ...wrong];
    if (result?.status === "succeeded") world.changeRows(oracle.halfRead);
  }
  return [];
}

function fateOf(random: Random): Fate {
  return pick(random, [
    "well",
    "well",
    "well",
    "one refused",
    "one refused",
    "after faults",
    "after faults",
    "killed",
    "killed",
    "killed",
    "cancelled",
    "given up",
  ]);
}

function orderOf(world: World, random: Random): Order {
  const stream = random() < 0.3 ? "*" : pick(random, world.selections).name;
  const dice = random();
  if (dice < 0.08) return { refresh: [{ stream, retain: false }], clear: [] };
  if (dice < 0.12) return { refresh: [{ stream, retain: true }], clear: [] };
  if (dice < 0.2) return { refresh: [], clear: [stream] };
  return { refresh: [], clear: [] };
}

function describe(world: World, { refresh, clear }: Order): string {
  const streams = world.selections.map(
    ({ name, mode, fields }) => `${name} ${mode}${fields === undefined ? "" : " narrow"}`,
  );
  const asked = [
    ...refresh.map(({ stream, retain }) => `refresh ${stream}${retain ? " retained" : ""}`),
    ...clear.map((stream) => `clear ${stream}`),
  ];
  return [...streams, ...asked].join(", ");
}

interface Run {
  readonly world: World;
  readonly random: Random;
  readonly store: SyncStore;
  readonly order: Order;
  readonly fate: Fate;
}

/** One process. Undefined: it was killed and said nothing. */
async function runOnce({ world, random, store, order, fate }: Run): Promise<SyncResult | undefined> {
  const { signal, cancel } = cancelling();
  const killed = Promise.withResolvers<undefined>();
  const life = { over: false };
  const kill = (): void => {
    life.over = true;
    world.destination.crash();
    killed.resolve(undefined);
  };
  const faults = faultsOf(fate, random, { kill, cancel, life });
  const request = sceneRequest({
    source: world.source(faults),
    destination:
      fate === "one refused"
        ? refusing(world.destination.connector, pick(random, world.selections).name)
        : world.destination.connector,
    streams: world.selections,
    store,
    connection: { prefix: world.prefix },
    request: { ...order, signal, clock: mortalClock(life), random, limits: { cancelGraceMs: 1 } },
  });
  return Promise.race([sync(request), killed.promise]);
}

interface Ending {
  readonly kill: () => void;
  readonly cancel: () => void;
  readonly life: { readonly over: boolean };
}

function faultsOf(fate: Fate, random: Random, { kill, cancel, life }: Ending): Faults {
  if (fate === "after faults") return randomFaults(random, 0.05, 4);
  let left = 1 + Math.floor(random() ** 2 * 150);
  return (_point: FaultPoint): Fault | undefined => {
    if (life.over) return "hang";
    if (fate === "well" || fate === "one refused" || --left !== 0) return undefined;
    if (fate === "given up") return failing("ask", "source.permission");
    if (fate === "killed") kill();
    else cancel();
    return "hang";
  };
}

/** Time that jumps over waits, and stands still once its process is dead. */
function mortalClock(life: { readonly over: boolean }) {
  const clock = fakeClock({ jump: true });
  return {
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
      life.over ? new Promise<void>(() => {}) : clock.sleep(ms, signal),
  };
}
