import { limitError } from "./python-error.ts";

/** What one evaluation may cost. */
export interface Limits {
  /** Loop turns, list members, and 16 characters of text each count as one step. */
  readonly steps: number;
  /** Characters of one text, members of one list. */
  readonly size: number;
}

/** A loop over 100,000 records with a few operations each stays below; all steps take about a second. */
export const DEFAULT_LIMITS: Limits = { steps: 5_000_000, size: 16_000_000 };

/** Data deeper than this is refused as Python refuses it. */
export const MAX_DEPTH = 500;

/** Evaluation never waits, so one meter serves all templates of a process. */
let left = DEFAULT_LIMITS.steps;
let size = DEFAULT_LIMITS.size;

export function startMeter(limits: Limits): void {
  left = limits.steps;
  size = limits.size;
}

export function spend(steps: number): void {
  left -= steps;
  if (!(left >= 0)) throw limitError("it takes too many steps");
}

/** Called before a text or a list of that length is made. */
export function spendSize(length: number): void {
  if (!(length <= size)) throw limitError("a text or a list gets too long");
  spend(1 + length / 16);
}
