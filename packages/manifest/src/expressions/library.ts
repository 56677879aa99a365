import type { Named } from "./values/types.ts";

/** What filters and tests are: the value first, then arguments. */
export type Applied = (value: unknown, args: readonly unknown[], named: Named) => unknown;

/** What templates can reach beside their variables. */
export interface Library {
  readonly globals: ReadonlyMap<string, unknown>;
  readonly filters: ReadonlyMap<string, Applied>;
  readonly tests: ReadonlyMap<string, Applied>;
}
