import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** Where to go on: the rows already read, and the seed they were made with. */
export interface FakerState {
  readonly rows: number;
  readonly seed: number;
}

/** The state a sync left, or undefined when it is not one of this source. */
export function stateOf(value: JsonValue): FakerState | undefined {
  if (!isObject(value)) return undefined;
  const { rows, seed } = value;
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(seed) || (rows as number) < 0) return undefined;
  return { rows: rows as number, seed: seed as number };
}
