import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";

const REFERENCE = "$ref";
/** Its values are settings, not components. */
const SETTINGS = "config_overrides";

/** The manifest with every reference replaced by what it names; what several name is shared. */
export function resolveReferences(manifest: JsonObject): JsonObject {
  return new Resolution(manifest).resolved(manifest) as JsonObject;
}

class Resolution {
  readonly #manifest: JsonObject;
  readonly #known = new Map<string, JsonValue>();
  readonly #open = new Set<string>();

  constructor(manifest: JsonObject) {
    this.#manifest = manifest;
  }

  resolved(node: JsonValue): JsonValue {
    if (typeof node === "string") return node.startsWith("#/") ? this.#named(node) : node;
    if (Array.isArray(node)) return (node as readonly JsonValue[]).map((item) => this.resolved(item));
    if (!isObject(node)) return node;
    const own: [string, JsonValue][] = [];
    for (const [key, value] of Object.entries(node)) {
      if (key === REFERENCE || value === undefined) continue;
      own.push([key, key === SETTINGS ? value : this.resolved(value)]);
    }
    const reference = node[REFERENCE];
    if (reference === undefined) return Object.fromEntries(own);
    const named = this.resolved(reference);
    return isObject(named) ? { ...named, ...Object.fromEntries(own) } : named;
  }

  #named(reference: string): JsonValue {
    const known = this.#known.get(reference);
    if (known !== undefined) return known;
    if (this.#open.has(reference)) throw circular(reference);
    this.#open.add(reference);
    const value = this.resolved(lookUp(reference, this.#manifest));
    this.#open.delete(reference);
    this.#known.set(reference, value);
    return value;
  }
}

/** The whole rest as one key first, then its first part: keys may hold slashes. */
function lookUp(reference: string, manifest: JsonObject): JsonValue {
  let found: JsonValue | undefined = manifest;
  let rest = reference.slice(2);
  while (rest !== "") {
    if (isObject(found) && Object.hasOwn(found, rest)) return found[rest] ?? null;
    const slash = rest.indexOf("/");
    const head = slash < 0 ? rest : rest.slice(0, slash);
    rest = slash < 0 ? "" : rest.slice(slash + 1);
    if (Array.isArray(found)) found = /^-?\d+$/.test(head) ? found.at(Number(head)) : undefined;
    else found = isObject(found) && Object.hasOwn(found, head) ? found[head] : undefined;
    if (found === undefined) throw dangling(reference);
  }
  return found;
}

function circular(reference: string): WeirError {
  return refused(`The reference ${reference} leads back to itself.`, "Break the circle of references.");
}

function dangling(reference: string): WeirError {
  return refused(`The reference ${reference} names nothing.`, "Correct it, or add what it names.");
}

function refused(message: string, next: string): WeirError {
  return new WeirError({ code: "manifest.reference", message, next, recovery: "ask", origin: "source" });
}
