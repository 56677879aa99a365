import type { JsonObject, JsonValue } from "@weir/protocol";

/** A component as the document stage leaves it: `type` set, references resolved, parameters put in. */
export interface Node {
  readonly type: string;
  readonly $parameters?: JsonObject;
  readonly [field: string]: JsonValue | undefined;
}
