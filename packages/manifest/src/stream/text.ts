import type { JsonValue } from "@weir/protocol";
import { ExactNumber } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";

/** What templates see that a component fills in from its manifest alone. */
export function constants(node: Node, scope: Scope): Readonly<Record<string, unknown>> {
  return { config: scope.config, parameters: node.$parameters ?? {} };
}

/** A template's value, of texts that see the configuration and parameters only. */
export function valueOf(text: string, node: Node, scope: Scope): JsonValue | undefined {
  return scope.template(text).evaluate(constants(node, scope));
}

/** The same as text: names of fields and formats are texts whatever they look like. */
export function textOf(text: string, node: Node, scope: Scope): string {
  return asText(valueOf(text, node, scope), text);
}

/** A value that stands for a name; `instead` where it is none. */
export function asText(value: JsonValue | undefined, instead: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value instanceof ExactNumber ? value.text : instead;
}
