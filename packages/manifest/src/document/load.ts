import { load } from "js-yaml";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import { propagate } from "./propagation.ts";
import { resolveReferences } from "./references.ts";

/** The text as a tree of components, references resolved, types and parameters put in. */
export function loadManifest(text: string): JsonObject {
  const tree = parsed(text);
  if (!isObject(tree)) {
    throw unreadable("The manifest is no object.", "Give a manifest whose first key is version or type.");
  }
  const typed = Object.hasOwn(tree, "type") ? tree : { type: "DeclarativeSource", ...tree };
  return propagate(resolveReferences(typed));
}

function parsed(text: string): JsonValue {
  try {
    return load(text, { json: true }) as JsonValue;
  } catch (error) {
    const { message } = error as Error;
    throw unreadable(`The manifest is no YAML: ${message.split("\n")[0] ?? ""}`, "Correct the text.");
  }
}

function unreadable(message: string, next: string): WeirError {
  return new WeirError({ code: "manifest.yaml", message, next, recovery: "ask", origin: "source" });
}
