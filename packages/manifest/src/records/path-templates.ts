import type { JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import { constantValue } from "../stream/text.ts";

/** The parts of a path, which see the configuration and parameters: a part that reads as a number is one. */
export function pathParts(parts: unknown, node: Node, scope: Scope): readonly JsonValue[] {
  if (!Array.isArray(parts)) return [];
  return (parts as readonly JsonValue[]).map((part) =>
    typeof part === "string" ? (constantValue(part, node, scope) ?? "") : part,
  );
}
