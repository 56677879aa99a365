import type { JsonObject } from "@weir/protocol";

export interface StateMigration {
  /** The state as the stream understands it today; the same object when there is nothing to change. */
  migrate(state: JsonObject): JsonObject;
}
