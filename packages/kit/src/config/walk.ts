import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";

/** The branches of a `oneOf` or `anyOf`; empty for any other schema. */
export function branchesOf(schema: JsonObject): readonly JsonObject[] {
  const options = schema["oneOf"] ?? schema["anyOf"];
  return Array.isArray(options) ? (options as readonly JsonValue[]).filter(isObject) : [];
}

/**
 * The branch a value means: the one whose constants (`mode: "ssh"`) the value has, or the only one that takes objects
 * where the value is one.
 */
export function branchOf(schema: JsonObject, value: JsonValue | undefined): JsonObject | undefined {
  const branches = branchesOf(schema);
  if (!isObject(value)) return undefined;
  const objects = branches.filter((branch) => branch["properties"] !== undefined);
  const meant = objects.find((branch) => {
    const constants = constantsOf(branch);
    return constants.length > 0 && constants.every(([name, constant]) => value[name] === constant);
  });
  return meant ?? (objects.length === 1 ? objects[0] : undefined);
}

/** The properties of an object schema that can hold one value only. */
export function constantsOf(schema: JsonObject): readonly (readonly [name: string, value: JsonValue])[] {
  return propertiesOf(schema).flatMap(([name, property]) => {
    const constant = property["const"];
    return constant === undefined ? [] : [[name, constant] as const];
  });
}

function propertiesOf(schema: JsonObject): readonly (readonly [name: string, schema: JsonObject])[] {
  const properties = schema["properties"];
  if (!isObject(properties)) return [];
  return Object.entries(properties).map(([name, property]) => [name, isObject(property) ? property : {}]);
}

/** The value with the schema's defaults where it says nothing, inside nested objects and union branches too. */
export function withDefaults(schema: JsonObject, value: JsonValue | undefined): JsonValue | undefined {
  const given = value === undefined ? schema["default"] : value;
  const branch = branchOf(schema, given);
  if (branch !== undefined) return withDefaults(branch, given);
  if (Array.isArray(given) && isObject(schema["items"])) {
    const items = schema["items"];
    return (given as readonly JsonValue[]).map((item) => withDefaults(items, item) ?? null);
  }
  if (!isObject(given)) return given;
  const filled: Record<string, JsonValue | undefined> = { ...given };
  for (const [name, property] of propertiesOf(schema)) {
    const member = withDefaults(property, given[name]);
    if (member !== undefined) filled[name] = member;
  }
  return filled;
}

/** A member that no schema names. */
export interface UnknownKey {
  readonly path: string;
  readonly name: string;
  /** Names that its object does not have yet, and could. */
  readonly possible: readonly string[];
}

/**
 * Members that no schema names. Objects whose schema lists no properties take any key. `given` is the value before
 * defaults were filled in: a key that a default fills may be the very one that was misspelt.
 */
export function unknownKeys(
  schema: JsonObject,
  value: JsonValue | undefined,
  given: JsonValue | undefined,
  path: string,
): readonly UnknownKey[] {
  if (Array.isArray(value)) {
    const items = isObject(schema["items"]) ? schema["items"] : {};
    const before = Array.isArray(given) ? (given as readonly JsonValue[]) : [];
    return (value as readonly JsonValue[]).flatMap((item, index) =>
      unknownKeys(items, item, before[index], `${path}.${index}`),
    );
  }
  if (!isObject(value)) return [];
  const branch = branchOf(schema, value);
  if (branch !== undefined) return unknownKeys(branch, value, given, path);
  const known = new Map(propertiesOf(schema));
  if (
    known.size === 0 ||
    schema["patternProperties"] !== undefined ||
    isObject(schema["additionalProperties"])
  ) {
    return [];
  }
  const before = isObject(given) ? given : {};
  const possible = [...known.keys()].filter((name) => before[name] === undefined);
  return Object.entries(value).flatMap(([name, member]) => {
    const property = known.get(name);
    const here = path === "" ? name : `${path}.${name}`;
    if (property === undefined) return [{ path: here, name, possible }];
    return unknownKeys(property, member, before[name], here);
  });
}
