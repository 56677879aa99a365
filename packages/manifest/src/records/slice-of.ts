import type { Slice } from "../components/requester/contract.ts";
import { sliceValue } from "../http/variables.ts";

const known = new WeakMap<Slice, ReturnType<typeof sliceValue>>();

/** A slice as templates see it, made once for all its records. */
export function sliceOf(slice: Slice): ReturnType<typeof sliceValue> {
  let value = known.get(slice);
  if (value === undefined) {
    value = sliceValue(slice);
    known.set(slice, value);
  }
  return value;
}
