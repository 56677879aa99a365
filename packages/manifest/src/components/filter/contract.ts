import type { JsonObject } from "@weir/protocol";
import type { Slice } from "../requester/contract.ts";

export interface RecordFilter {
  keeps(record: JsonObject, slice: Slice, nextPageToken: JsonObject | null): boolean;
}
