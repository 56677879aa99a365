import type { JsonObject } from "./json.ts";

/** Time as the caller sees it; tests pass their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Resolves after `ms`, rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type LogLevel = "error" | "warn" | "info" | "debug";

/** Receives one line; `fields` never hold secrets. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What every call into a connector is given. Connectors honour `signal` within a second. */
export interface Context {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /**
   * Called with the whole configuration when credentials in it were replaced (a refresh token that is good for one use).
   * Returns once it is kept durably; the connector uses the new values only then. Absent: nobody keeps it.
   */
  readonly rotate?: ((config: JsonObject) => Promise<void>) | undefined;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};
