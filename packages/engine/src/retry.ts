import type { Limits } from "./limits.ts";

/** Failures of a sync so far; SPEC.md "Retries". */
export interface Failures {
  readonly complete: number;
  readonly completeInSuccession: number;
  readonly partial: number;
  readonly partialInSuccession: number;
}

export const NO_FAILURES: Failures = {
  complete: 0,
  completeInSuccession: 0,
  partial: 0,
  partialInSuccession: 0,
};

export function countFailure(failures: Failures, partial: boolean): Failures {
  return partial
    ? {
        ...failures,
        completeInSuccession: 0,
        partial: failures.partial + 1,
        partialInSuccession: failures.partialInSuccession + 1,
      }
    : {
        complete: failures.complete + 1,
        completeInSuccession: failures.completeInSuccession + 1,
        partial: failures.partial,
        partialInSuccession: 0,
      };
}

/** Milliseconds to wait before the next attempt; undefined when the limits allow none. */
export function waitBeforeRetry(failures: Failures, limits: Limits): number | undefined {
  const spent =
    failures.complete >= limits.completeFailures ||
    failures.completeInSuccession >= limits.completeFailuresInSuccession ||
    failures.partial >= limits.partialFailures ||
    failures.partialInSuccession >= limits.partialFailuresInSuccession;
  if (spent) return undefined;
  if (failures.completeInSuccession === 0) return 0;
  return Math.min(
    limits.backoffMinMs * limits.backoffBase ** (failures.completeInSuccession - 1),
    limits.backoffMaxMs,
  );
}
