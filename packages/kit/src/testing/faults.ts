import { WeirError } from "@weir/protocol";

/** Where a connector in memory can be made to misbehave. */
export type FaultPoint =
  | "source.discover"
  | "source.open"
  | "source.reader"
  /** Before each chunk of a part, or each message. */
  | "source.chunk"
  | "destination.open"
  | "destination.held"
  | "destination.begin"
  | "destination.transaction"
  /** Before each chunk of a load. */
  | "destination.chunk"
  | "destination.commit"
  | "destination.finish";

/**
 * - `fail`: the call fails and has had no effect; a later one may succeed.
 * - `fail after`: the call has its effect and fails all the same, as when an answer is lost.
 * - `crash`: as `fail`, and the system loses everything not committed; its open sessions are dead.
 * - `hang`: no answer until the signal aborts.
 * - an error: thrown as it is.
 */
export type Fault = "fail" | "fail after" | "crash" | "hang" | WeirError;

/** Asked at every point passed. */
export type Faults = (point: FaultPoint) => Fault | undefined;

/** A fault at the nth time (1 is the first) a point is passed, and never again. */
export function faultAt(point: FaultPoint, nth = 1, fault: Fault = "fail"): Faults {
  let passed = 0;
  return (here) => (here === point && ++passed === nth ? fault : undefined);
}

/** Faults at random points; `rate` is their share of the points passed. Ends after `most`, so that a sync gets through. */
export function randomFaults(random: () => number, rate: number, most: number): Faults {
  const kinds = ["fail", "fail after", "crash"] as const;
  let left = most;
  return () => {
    if (left === 0 || random() >= rate) return undefined;
    left -= 1;
    return kinds[Math.floor(random() * kinds.length)];
  };
}

export interface Passage<T> {
  readonly faults: Faults | undefined;
  readonly point: FaultPoint;
  readonly signal?: AbortSignal | undefined;
  /** What a crash does. */
  readonly crash?: (() => void) | undefined;
  readonly act: () => T | Promise<T>;
}

/** Passes a fault point on the way to the act. */
export async function pass<T>({ faults, point, signal, crash, act }: Passage<T>): Promise<T> {
  const fault = faults?.(point);
  if (fault instanceof WeirError) throw fault;
  if (fault === "hang") await untilAborted(signal);
  if (fault === "crash") crash?.();
  if (fault === "fail" || fault === "crash") throw injected(point);
  const result = await act();
  if (fault === "fail after") throw injected(point);
  return result;
}

function injected(point: FaultPoint): WeirError {
  const origin = point.startsWith("source") ? "source" : "destination";
  return new WeirError({
    code: `${origin}.injected`,
    message: `A fault was injected at ${point}.`,
    next: "Try again.",
    recovery: "retry",
    origin,
  });
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}
