import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, stringifyJson } from "@weir/protocol";

/** One setting of a connector, for people: read off the JSON schema of its configuration. */
export interface Setting {
  /** Dotted path: `tunnel.host`; of each item of a list: `streams[].name`. */
  readonly name: string;
  /** `text`, `whole number`, `yes or no`, or the values to choose from. */
  readonly type: string;
  readonly title: string;
  readonly about: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly fallback: string | undefined;
  readonly examples: readonly string[];
}

/** The settings in the order the schema wants them shown, inner ones after the object that holds them. */
export function settingsOf(schema: JsonObject): readonly Setting[] {
  return inner(schema, "", true);
}

function inner(schema: JsonObject, prefix: string, reachable: boolean): readonly Setting[] {
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  return ordered(propertiesOf(schema)).flatMap(([name, property]) => {
    const setting = settingOf(`${prefix}${name}`, property, reachable && required.has(name));
    const below = [property, ...choicesOf(property)].flatMap((each) =>
      inner(each, `${setting.name}.`, setting.required),
    );
    const items = isObject(property["items"])
      ? inner(property["items"], `${setting.name}[].`, setting.required)
      : [];
    return [setting, ...unique(below), ...items];
  });
}

function settingOf(name: string, property: JsonObject, required: boolean): Setting {
  const fallback = property["default"];
  const text = (key: string): string => (typeof property[key] === "string" ? property[key] : "");
  return {
    name,
    type: typeName(property),
    title: text("title"),
    about: text("description") || text("title"),
    required: required && fallback === undefined,
    secret: property["airbyte_secret"] === true,
    fallback: fallback === undefined ? undefined : plain(fallback),
    examples: (Array.isArray(property["examples"]) ? (property["examples"] as readonly JsonValue[]) : []).map(
      plain,
    ),
  };
}

export function propertiesOf(schema: JsonObject): readonly (readonly [string, JsonObject])[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return Object.entries(properties).map(([name, property]) => [name, isObject(property) ? property : {}]);
}

/** The alternatives of a `oneOf` or `anyOf`. */
export function choicesOf(schema: JsonObject): readonly JsonObject[] {
  const choices = schema["oneOf"] ?? schema["anyOf"];
  return Array.isArray(choices) ? (choices as readonly JsonValue[]).filter(isObject) : [];
}

function ordered(
  properties: readonly (readonly [string, JsonObject])[],
): readonly (readonly [string, JsonObject])[] {
  const rank = (property: JsonObject): number =>
    typeof property["order"] === "number" ? property["order"] : Number.MAX_SAFE_INTEGER;
  return properties.toSorted(([, a], [, b]) => rank(a) - rank(b));
}

/** Alternatives of one object often share settings, its selector at least. */
function unique(settings: readonly Setting[]): readonly Setting[] {
  const first = new Map<string, Setting>();
  for (const setting of settings) {
    const earlier = first.get(setting.name);
    const type = earlier === undefined ? setting.type : [...new Set([earlier.type, setting.type])].join(", ");
    first.set(setting.name, { ...(earlier ?? setting), type });
  }
  return [...first.values()];
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  object: "object",
};

function typeName(schema: JsonObject): string {
  if (Array.isArray(schema["enum"])) return (schema["enum"] as readonly JsonValue[]).map(plain).join(", ");
  if (schema["const"] !== undefined) return plain(schema["const"]);
  const choices = choicesOf(schema);
  if (choices.length > 0) return [...new Set(choices.map(typeName))].join(", ");
  const type = schema["type"];
  if (type === "array")
    return `list of ${isObject(schema["items"]) ? typeName(schema["items"]) : "anything"}`;
  return typeof type === "string" ? (TYPES[type] ?? type) : "anything";
}

function plain(value: JsonValue): string {
  return typeof value === "string" ? value : stringifyJson(value);
}
