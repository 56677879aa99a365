import { fakeClock, seededRandom } from "@weir/kit/testing";
import type { Clock } from "@weir/protocol";
import type { SyncResult, SyncStore } from "../../src/index.ts";
import { sync } from "../../src/index.ts";
import type { DestinationSteps } from "../around.ts";
import { destinationAround } from "../around.ts";
import { memoryStore, sceneRequest } from "../scene.ts";
import { Oracle } from "./oracle.ts";
import type { Kind, Random } from "./world.ts";
import { World } from "./world.ts";

const NOTHING = { refresh: [], clear: [] };

/**
 * Rounds in which a worker stands still anywhere after it took the fence, another takes over, and the first goes on while
 * the second is at work. Returns what went wrong, with the story up to it.
 */
export async function runOvertaken(kind: Kind, seed: number, rounds: number): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const world = new World(kind, random);
  const oracle = new Oracle(world);
  const store = memoryStore();
  const story: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const { prefix } = world;
    const change = world.changeChoice();
    if (change.startsWith("prefix")) oracle.moved(prefix);
    if (change !== "") story.push(change);
    oracle.asks(NOTHING);
    const results = await race(world, store, random);
    const succeeded = results.filter(({ status }) => status === "succeeded");
    story.push(results.map(told).join(" beside "));
    if (results.some(({ failure }) => failure?.code === "config.legacy_state_shared")) return [];
    // Two in a row are two syncs.
    if (succeeded.length > 1) oracle.failed();
    const wrong = [
      ...(succeeded.length > 0 ? oracle.complaints(NOTHING) : ["None succeeded."]),
      ...results.flatMap(({ failure }) =>
        failure === undefined || failure.code === "destination.fenced" ? [] : [JSON.stringify(failure)],
      ),
    ];
    if (wrong.length > 0) return [`${JSON.stringify(kind)}, seed ${seed}`, ...story, ...wrong];
    world.changeRows(oracle.halfRead);
  }
  return [];
}

function told({ sync: number, status, failure, streams }: SyncResult): string {
  return `sync ${number} ${status} ${failure?.code ?? ""} (${streams.map(({ stream, mode }) => `${stream} ${mode}`).join(", ")})`;
}

async function race(world: World, store: SyncStore, random: Random): Promise<readonly SyncResult[]> {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const source = world.source(() => undefined);
  const start = (steps: DestinationSteps, clock: Clock): Promise<SyncResult> =>
    sync(
      sceneRequest({
        source,
        destination: destinationAround(world.destination.connector, steps),
        streams: world.selections,
        store,
        connection: { prefix: world.prefix },
        request: { clock, random },
      }),
    );
  const still = stoppableClock(gate.promise);
  const standStill = async (): Promise<void> => {
    still.stop();
    reached.resolve();
    await gate.promise;
  };
  const first = start(atStep(1 + Math.floor(random() * 25), standStill), still);
  await Promise.race([first, reached.promise]);
  const letGo = async (): Promise<void> => gate.resolve();
  const second = await start(atStep(1 + Math.floor(random() * 25), letGo), fakeClock({ jump: true }));
  gate.resolve();
  return [await first, second];
}

/** Time that jumps over waits; once stopped it stands until `goesOn`: a worker that stands still misses no deadline. */
function stoppableClock(goesOn: Promise<void>): Clock & { readonly stop: () => void } {
  const clock = fakeClock({ jump: true });
  let still = false;
  return {
    now: () => clock.now(),
    stop: () => (still = true),
    sleep: async (ms, signal) => {
      if (still) await untilAborted(goesOn, signal);
      return clock.sleep(ms, signal);
    },
  };
}

async function untilAborted(event: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const resolve = (): void => aborted.resolve();
  signal?.addEventListener("abort", resolve, { once: true });
  await Promise.race([event, aborted.promise]);
  signal?.removeEventListener("abort", resolve);
}

/** Acts once, before or after the nth call to a destination whose fence is taken. */
function atStep(nth: number, act: () => Promise<void>): DestinationSteps {
  let left = nth;
  let fenced = false;
  const pass = async (): Promise<void> => {
    if (!fenced) return;
    left -= 1;
    if (left === 0) await act();
  };
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    await pass();
    const result = await call();
    await pass();
    return result;
  };
  return {
    held: (call) => around(call),
    begin: async (call, request) => {
      const notes = await around(() => call(request));
      fenced = true;
      return notes;
    },
    transaction: (call, signal) => around(() => call(signal)),
    load: (call, request) => around(() => call(request)),
    commit: (call, checkpoints) => around(() => call(checkpoints)),
    finish: (call, request) => around(() => call(request)),
    close: (call) => around(call),
  };
}
