import type { JsonObject } from "@weir/protocol";

interface Candidate {
  readonly state: JsonObject | null;
  /** The number of the partition it came with. */
  readonly at: number;
}

/**
 * The parents' state that is safe to keep: it moves on only when every partition that came with it, or before it, has
 * been read to its end.
 */
export class ParentStates {
  current: JsonObject | null;
  readonly #candidates: Candidate[] = [];
  /** Partitions begun and not yet closed, each with its number, oldest first. */
  readonly #open = new Map<string, number>();
  #count = 0;
  #last: JsonObject | null | undefined;

  constructor(state: JsonObject | null) {
    this.current = state;
  }

  /** `state`: the parents' when this partition was taken. */
  begin(key: string, state: JsonObject | null): void {
    const at = this.#count++;
    this.#open.set(key, at);
    if (state === this.#last && this.#candidates.length > 0) return;
    this.#last = state;
    this.#candidates.push({ state, at });
  }

  close(key: string): void {
    this.#open.delete(key);
    const [oldest = Infinity] = this.#open.values();
    let passed: Candidate | undefined;
    while (this.#candidates[0] !== undefined && this.#candidates[0].at < oldest)
      passed = this.#candidates.shift();
    if (passed !== undefined && passed.state !== null) this.current = passed.state;
  }

  /** Every partition is closed. */
  finish(state: JsonObject | null): void {
    this.current = state;
  }
}
