import type { Clock } from "@weir/protocol";

export interface FakeClock extends Clock {
  /** Lets time pass; everyone whose sleep is over by then wakes, in the order of their times. */
  advance(ms: number): Promise<void>;
}

export interface FakeClockOptions {
  /** Milliseconds since 1970; 2020-01-01 when absent. */
  readonly start?: number | undefined;
  /** Time jumps ahead by itself as soon as somebody sleeps: for long waits nobody wants to watch. */
  readonly jump?: boolean | undefined;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is advanced. */
export function fakeClock({ start = 1_577_836_800_000, jump = false }: FakeClockOptions = {}): FakeClock {
  let now = start;
  let sleepers: readonly Sleeper[] = [];
  const advance = async (ms: number): Promise<void> => {
    const end = now + ms;
    for (;;) {
      const next = sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      now = Math.max(now, next.at);
      next.wake();
      await settled();
    }
    now = end;
  };
  return {
    now: () => now,
    advance,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          signal?.removeEventListener("abort", onAbort);
        };
        const onAbort = (): void => {
          leave();
          reject(signal?.reason as Error);
        };
        const sleeper: Sleeper = {
          at: now + ms,
          wake: () => {
            leave();
            resolve();
          },
        };
        if (signal?.aborted) return onAbort();
        signal?.addEventListener("abort", onAbort, { once: true });
        sleepers = [...sleepers, sleeper];
        if (jump)
          void settled().then(() => (sleepers.includes(sleeper) ? advance(sleeper.at - now) : undefined));
      }),
  };
}

/** After everything that was ready to run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
