import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, parseJson } from "@weir/protocol";
import { choicesOf, propertiesOf } from "./settings.ts";

/** A text inside a configuration with the schema of its place, if the connector declares one. */
export interface TextSetting {
  readonly path: readonly string[];
  readonly text: string;
  readonly schemas: readonly JsonObject[];
}

/** Rewrites every text of a configuration; everything else stays. Alternatives of a `oneOf` are all considered. */
export function mapTexts(
  schema: JsonObject,
  value: JsonValue,
  change: (setting: TextSetting) => JsonValue,
  path: readonly string[] = [],
): JsonValue {
  return walk([schema], value, change, path);
}

function walk(
  schemas: readonly JsonObject[],
  value: JsonValue,
  change: (setting: TextSetting) => JsonValue,
  path: readonly string[],
): JsonValue {
  if (typeof value === "string") return change({ path, text: value, schemas });
  if (Array.isArray(value)) {
    const items = schemas
      .flatMap(alternatives)
      .flatMap((each) => (isObject(each["items"]) ? [each["items"]] : []));
    return (value as readonly JsonValue[]).map((item, index) =>
      walk(items, item, change, [...path, String(index)]),
    );
  }
  if (!isObject(value)) return value;
  const known = schemas.flatMap(alternatives);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const own = known.flatMap((each) =>
        propertiesOf(each).flatMap(([name, schema]) => (name === key ? [schema] : [])),
      );
      return [key, walk(own, member ?? null, change, [...path, key])];
    }),
  );
}

/** A schema with the alternatives inside it, at any depth. */
function alternatives(schema: JsonObject): readonly JsonObject[] {
  return [schema, ...choicesOf(schema).flatMap(alternatives)];
}

export function isSecret({ schemas }: TextSetting): boolean {
  return schemas.flatMap(alternatives).some((schema) => schema["airbyte_secret"] === true);
}

/** Whether the setting is a path of a file or folder: `x-weir-path` of its schema. */
export function isPath({ schemas }: TextSetting): boolean {
  return schemas.flatMap(alternatives).some((schema) => schema["x-weir-path"] === true);
}

/**
 * What a text from outside (environment, command line) means where the schema wants something else: a number, a truth
 * value, a list (JSON, or texts with commas between them), an object (JSON).
 */
export function fromText({ text, schemas }: TextSetting): JsonValue {
  const types = new Set(schemas.flatMap(alternatives).map((schema) => schema["type"]));
  if (types.has("string")) return text;
  if (types.has("integer") && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (types.has("number") && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.has("array") && !text.trimStart().startsWith("["))
    return text.split(",").map((each) => each.trim());
  if (types.has("array") || types.has("object")) return fromJson(text);
  return text;
}

/** What is no JSON stays text, and the schema says what is wrong with it without repeating it. */
function fromJson(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
