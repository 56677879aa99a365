/** One policy of an API budget: how many calls in what time. Times in milliseconds. */
export interface CallRate {
  /** Takes calls and gives 0, or takes none and gives the time to wait. */
  take(weight: number, now: number): number;
  /** What the API said: calls left, and when its window ends. */
  learn(left: number | null, resetAt: number | null, now: number): void;
}

export const UNLIMITED: CallRate = { take: () => 0, learn: () => undefined };

/** Where no answer has said otherwise the first window ends then: until then the limit counts from the start. */
const FIRST_WINDOW = 10 * 86_400_000;

export function fixedWindow(limit: number, period: number, start: number): CallRate {
  let used = 0;
  let resetAt = start + FIRST_WINDOW;
  const roll = (now: number): void => {
    if (now <= resetAt) return;
    resetAt += period;
    used = 0;
  };
  return {
    take: (weight, now) => {
      roll(now);
      if (used + weight > limit) return Math.max(1, resetAt - now);
      used += weight;
      return 0;
    },
    learn: (left, newReset, now) => {
      roll(now);
      // More calls than the manifest allows are no reason to make them.
      if (left !== null && limit - used > left) used = limit - left;
      if (newReset !== null) resetAt = newReset;
    },
  };
}

export interface Rate {
  readonly limit: number;
  readonly interval: number;
}

/** Each rate holds over any stretch of time as long as its interval. */
export function movingWindow(rates: readonly Rate[]): CallRate {
  const calls: number[] = [];
  const longest = Math.max(...rates.map(({ interval }) => interval));
  const largest = Math.max(...rates.map(({ limit }) => limit));
  const waitFor = ({ limit, interval }: Rate, weight: number, now: number): number => {
    // The call that must have left the window so that `weight` more fit into it.
    const blocking = calls[calls.length - 1 - (limit - weight)];
    return blocking === undefined ? 0 : Math.max(0, blocking + interval - now);
  };
  const forget = (now: number): void => {
    const kept = calls.findIndex((at) => at + longest > now);
    calls.splice(0, kept < 0 ? calls.length : kept);
    if (calls.length > largest) calls.splice(0, calls.length - largest);
  };
  return {
    take: (weight, now) => {
      const wait = Math.max(...rates.map((rate) => waitFor(rate, weight, now)));
      if (wait > 0) return wait;
      for (let call = 0; call < weight; call++) calls.push(now);
      forget(now);
      return 0;
    },
    learn: (left, resetAt, now) => {
      // A refused call without a time to wait: the shortest window is taken as full.
      if (left !== 0 || resetAt !== null) return;
      const [{ limit } = { limit: 0 }] = rates;
      while (calls.length < limit) calls.push(now);
    },
  };
}
