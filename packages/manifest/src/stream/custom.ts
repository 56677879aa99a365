import type { JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node } from "../component.ts";
import { textOf } from "../http/text.ts";

/** Read apart from the records: a stream whose schema needs code can still be read. */
const SCHEMA = "schema_loader";

/** The first Python class that a component needs and nothing here stands for; null: it needs none. */
export function missingClass(
  node: JsonValue | undefined,
  known: (className: string) => boolean,
): string | null {
  if (Array.isArray(node)) {
    for (const item of node as readonly JsonValue[]) {
      const found = missingClass(item, known);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isObject(node)) return null;
  const { type, class_name: name } = node;
  if (typeof type === "string" && type.startsWith("Custom") && typeof name === "string" && !known(name))
    return name;
  for (const [key, member] of Object.entries(node)) {
    const found = key === SCHEMA ? null : missingClass(member, known);
    if (found !== null) return found;
  }
  return null;
}

export function classMissing(className: string, stream: Node, working: readonly string[]): WeirError {
  const name = textOf(stream["name"]);
  const others =
    working.length === 0
      ? "No other stream of it works without code."
      : `These streams work: ${working.slice(0, 30).join(", ")}${working.length > 30 ? ", ..." : ""}.`;
  return new WeirError({
    code: "manifest.custom_code",
    message: `Stream ${name} needs the Python class ${className}, for which there is no component. ${others}`,
    next: "Leave the stream out, register a component for the class, or run the connector as a container.",
    recovery: "ask",
    origin: "source",
    stream: name,
    path: className,
  });
}
