import type { JsonObject } from "@weir/protocol";
import { AttributedMapping } from "./values/types.ts";

/** What templates see as `stream_slice`: partition and cursor together, each of them and the extra fields as attributes. */
export function sliceValue(partition: JsonObject, cursor: JsonObject, extra: JsonObject): AttributedMapping {
  return new AttributedMapping(
    { ...partition, ...cursor },
    new Map<string, unknown>([
      ["partition", partition],
      ["_partition", partition],
      ["cursor_slice", cursor],
      ["extra_fields", extra],
    ]),
  );
}

/** What templates see as `last_record`: a record, with the slice that it came from as an attribute. */
export function recordValue(data: JsonObject, slice: AttributedMapping | null): AttributedMapping {
  return new AttributedMapping(
    data,
    new Map<string, unknown>([
      ["data", data],
      ["associated_slice", slice],
    ]),
  );
}
