import type { Change } from "@weir/protocol";

/** A column ready to be copied into DuckDB's vectors. */
export type Prepared =
  | {
      readonly form: "fixed";
      readonly bytes: Uint8Array;
      readonly width: number;
      readonly nulls: Uint8Array | undefined;
    }
  | { readonly form: "text"; readonly values: readonly (string | null)[] };

/** What was changed in the rows of a batch, on the way here and here. */
export class ChangeLog {
  readonly #changes: Map<number, Change[]>;

  constructor(before: ReadonlyMap<number, readonly Change[]> | undefined) {
    this.#changes = new Map([...(before ?? [])].map(([row, changes]) => [row, [...changes]]));
  }

  add(row: number, change: Change): void {
    const changes = this.#changes.get(row);
    if (changes === undefined) this.#changes.set(row, [change]);
    else changes.push(change);
  }

  get size(): number {
    return this.#changes.size;
  }

  rows(): readonly number[] {
    return [...this.#changes.keys()];
  }

  of(row: number): readonly Change[] {
    return this.#changes.get(row) ?? [];
  }
}
