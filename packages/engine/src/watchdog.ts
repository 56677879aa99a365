import type { Clock, FailureOrigin } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Limits } from "./limits.ts";

export interface Pending {
  /** The other side is asked: this one waits with good reason. */
  pause(): void;
  resume(): void;
  end(): void;
}

/**
 * Notices a source or destination that no longer answers. Each call into a connector is registered while it is pending;
 * waiting for the other side (back pressure) is not pending here, so a slow destination never looks like a dead source.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #pending = new Map<
    symbol,
    { readonly side: "source" | "destination"; readonly since: number; readonly what: string }
  >();

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Runs a call; it counts as pending until it settles. */
  async during<T>(side: "source" | "destination", what: string, call: () => Promise<T>): Promise<T> {
    const pending = this.begin(side, what);
    try {
      return await call();
    } finally {
      pending.end();
    }
  }

  /** A call whose pending time is told step by step. */
  begin(side: "source" | "destination", what: string): Pending {
    const id = Symbol(what);
    const resume = (): void => void this.#pending.set(id, { side, since: this.#clock.now(), what });
    const pause = (): void => void this.#pending.delete(id);
    resume();
    return { pause, resume, end: pause };
  }

  /** This side gave a sign of life: what is pending there begins to wait anew. */
  alive(side: "source" | "destination"): void {
    const since = this.#clock.now();
    for (const [id, pending] of this.#pending)
      if (pending.side === side) this.#pending.set(id, { ...pending, since });
  }

  /** Watches until `signal` aborts; calls `onDead` once with the failure when a call is pending for too long. */
  async watch(signal: AbortSignal, onDead: (error: WeirError) => void): Promise<void> {
    const step = Math.max(
      50,
      Math.min(this.#limits.sourceHeartbeatMs, this.#limits.destinationTimeoutMs) / 10,
    );
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(Math.min(step, 10_000), signal);
      } catch {
        return;
      }
      const dead = this.#overdue();
      if (dead !== undefined) return onDead(dead);
    }
  }

  #overdue(): WeirError | undefined {
    const now = this.#clock.now();
    for (const { side, since, what } of this.#pending.values()) {
      const limit = side === "source" ? this.#limits.sourceHeartbeatMs : this.#limits.destinationTimeoutMs;
      if (now - since > limit) return silent(side, what, limit);
    }
    return undefined;
  }
}

function silent(side: FailureOrigin & ("source" | "destination"), what: string, limit: number): WeirError {
  return new WeirError({
    code: `${side}.silent`,
    message: `The ${side} gave no sign for ${Math.round(limit / 1000)} s (${what}).`,
    next: `Look at what the ${side} is doing: locks, a stalled network, a very slow query. The limit is set by limits.`,
    recovery: "retry",
    origin: side,
  });
}
