import type { JsonValue } from "@weir/protocol";
import type { Node } from "../../node.ts";

/** Makes stream nodes of one template. */
export interface Resolver {
  resolve(template: Node, signal: AbortSignal): AsyncIterable<JsonValue>;
}
