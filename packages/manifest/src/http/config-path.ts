import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";

/** What a configuration holds at a path; undefined where a step is missing. */
export function valueAt(config: JsonObject, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((value, key) => {
    if (Array.isArray(value))
      return /^\d+$/.test(key) ? (value[Number(key)] as JsonValue | undefined) : undefined;
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, config);
}

/** The configuration with a value at a path; objects on the way are made. */
export function withValueAt(config: JsonObject, path: readonly string[], value: JsonValue): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return config;
  const inner = Object.hasOwn(config, key) ? config[key] : undefined;
  const next = rest.length === 0 ? value : withValueAt(isObject(inner) ? inner : {}, rest, value);
  return Object.fromEntries([...Object.entries(config).filter(([name]) => name !== key), [key, next]]);
}
