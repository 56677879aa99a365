import { ExactNumber, isObject, type JsonObject, type JsonValue } from "./json.ts";

/** What the schema of a connector's settings calls secret in a configuration, as texts, at any depth. */
export function secretsOf(schema: JsonObject, config: JsonValue | undefined): readonly string[] {
  return [...secretsIn(alternatives(schema, schema), config, { root: schema, secret: false })];
}

interface Within {
  /** The whole schema, which references point into. */
  readonly root: JsonObject;
  /** Whether everything in the value is secret. */
  readonly secret: boolean;
}

function* secretsIn(
  known: readonly JsonObject[],
  value: JsonValue | undefined,
  { root, secret }: Within,
): Generator<string> {
  const within = { root, secret: secret || known.some((schema) => schema["airbyte_secret"] === true) };
  const open = (inner: readonly unknown[]): readonly JsonObject[] =>
    inner.filter(isSchema).flatMap((schema) => alternatives(schema, root));
  if (Array.isArray(value)) {
    const inside = open(known.flatMap(({ items }) => items));
    for (const item of value as readonly JsonValue[]) yield* secretsIn(inside, item, within);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value))
      yield* secretsIn(open(membersOf(known, name)), member, within);
  } else if (within.secret && isText(value)) {
    yield value.toString();
  }
}

function isText(value: JsonValue | undefined): value is string | number | bigint | ExactNumber {
  return value instanceof ExactNumber || ["string", "number", "bigint"].includes(typeof value);
}

function isSchema(value: unknown): value is JsonObject {
  return isObject(value);
}

function membersOf(schemas: readonly JsonObject[], name: string): readonly (JsonValue | undefined)[] {
  return schemas.map(({ properties, additionalProperties }) =>
    isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties,
  );
}

/** A schema with everything that describes the same value: what it is made of, and what its references lead to. */
function alternatives(schema: JsonObject, root: JsonObject): readonly JsonObject[] {
  const found = new Set<JsonObject>();
  const visit = (at: JsonValue | undefined): void => {
    if (!isObject(at) || found.has(at)) return;
    found.add(at);
    for (const word of ["oneOf", "anyOf", "allOf"]) {
      const list = at[word];
      if (Array.isArray(list)) for (const one of list as readonly JsonValue[]) visit(one);
    }
    if (typeof at["$ref"] === "string") visit(pointedAt(at["$ref"], root));
  };
  visit(schema);
  return [...found];
}

/** What a reference inside the schema leads to (RFC 6901); nothing where it leads elsewhere. */
function pointedAt(reference: string, root: JsonObject): JsonValue | undefined {
  if (!reference.startsWith("#")) return undefined;
  let at: JsonValue | undefined = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = (at as readonly JsonValue[])[Number(name)];
    else at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}
