import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** One schema of several: every loader's fields, for a field in several the first one's. */
export async function compositeSchema(loads: readonly (() => Promise<JsonObject>)[]): Promise<JsonObject> {
  const fields = new Map<string, JsonValue | undefined>();
  for (const load of loads) {
    const { properties } = await load();
    if (!isObject(properties)) continue;
    for (const [name, field] of Object.entries(properties)) if (!fields.has(name)) fields.set(name, field);
  }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: ["null", "object"],
    properties: Object.fromEntries(fields),
  };
}
