import type { JsonObject } from "@weir/protocol";

export interface SchemaLoader {
  schema(signal: AbortSignal): Promise<JsonObject>;
}
