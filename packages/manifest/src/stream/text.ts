import type { JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import { textOf } from "../http/text.ts";

/** What templates see that a component fills in from its manifest and the configuration alone. */
export function constants(node: Node, scope: Scope): Readonly<Record<string, unknown>> {
  return { config: scope.config, parameters: node.$parameters ?? {} };
}

/** A template's value, of texts that see the configuration and parameters only. */
export function constantValue(text: string, node: Node, scope: Scope): JsonValue | undefined {
  return scope.template(text).evaluate(constants(node, scope));
}

/** The same as text: names of fields and formats are texts whatever they look like. */
export function constantText(text: string, node: Node, scope: Scope): string {
  return textOf(constantValue(text, node, scope));
}
