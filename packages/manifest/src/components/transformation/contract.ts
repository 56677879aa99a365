import type { JsonObject } from "@weir/protocol";
import type { Slice } from "../requester/contract.ts";

export interface Transformation {
  /** The record changed; the same object may be changed in place and returned, it belongs to this read. */
  apply(record: JsonObject, slice: Slice): JsonObject;
}
