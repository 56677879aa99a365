import type { JsonObject, JsonValue } from "@weir/protocol";
import { ExactNumber, isObject, stringifyJson } from "@weir/protocol";
import { choicesOf } from "./settings.ts";
import { suggestion } from "./suggest.ts";

/** Something wrong with a value, and where. `key`: the key itself is meant, not what it holds. */
export interface Finding {
  readonly path: readonly string[];
  readonly at: "key" | "value";
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** Compares a value with the declaration: the few words of JSON schema that schema.ts uses. */
export function validate(
  schema: JsonObject,
  value: JsonValue,
  path: readonly string[] = [],
): readonly Finding[] {
  const choices = choicesOf(schema);
  if (choices.length > 0) return validateChoice(choices, value, path);
  const type = typeof schema["type"] === "string" ? schema["type"] : undefined;
  if (type !== undefined && !fits(type, value)) return [wrongType(path, describe(schema), value)];
  if (Array.isArray(schema["enum"])) return validateEnum(schema["enum"] as readonly JsonValue[], value, path);
  if (isObject(value)) return validateObject(schema, value, path);
  if (Array.isArray(value)) return validateArray(schema, value as readonly JsonValue[], path);
  const minimum = schema["minimum"];
  if (typeof minimum === "number" && typeof value === "number" && value < minimum) {
    return [
      bad(path, `${dotted(path)} must be at least ${minimum}, not ${value}.`, `Write ${minimum} or more.`),
    ];
  }
  return [];
}

function validateChoice(
  choices: readonly JsonObject[],
  value: JsonValue,
  path: readonly string[],
): readonly Finding[] {
  const fitting = choices.filter(
    (choice) => typeof choice["type"] === "string" && fits(choice["type"], value),
  );
  const [only] = fitting;
  if (only === undefined) return [wrongType(path, choices.map(describe).join(" or "), value)];
  return validate(only, value, path);
}

function validateEnum(
  allowed: readonly JsonValue[],
  value: JsonValue,
  path: readonly string[],
): readonly Finding[] {
  if (allowed.includes(value)) return [];
  const words = allowed.map(String);
  return [bad(path, `${dotted(path)} cannot be ${show(value)}.`, suggestion(textOf(value), words, "values"))];
}

function validateObject(schema: JsonObject, value: JsonObject, path: readonly string[]): readonly Finding[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const others = schema["additionalProperties"];
  const names = isObject(schema["propertyNames"]) ? schema["propertyNames"] : undefined;
  const missing = (Array.isArray(schema["required"]) ? (schema["required"] as readonly string[]) : [])
    .filter((key) => value[key] === undefined)
    .map((key): Finding => {
      const known = properties[key];
      const about =
        isObject(known) && typeof known["description"] === "string" ? ` ${known["description"]}` : "";
      return {
        path,
        at: "key",
        code: "config.key_missing",
        message: `${dotted(path)} has no "${key}".`,
        next: `Add "${key}:".${about}`,
      };
    });
  const inside = Object.entries(value).flatMap(([key, member]): readonly Finding[] => {
    const here = [...path, key];
    const known = properties[key] ?? others;
    if (known === false) {
      const possible = Object.keys(properties).filter((each) => value[each] === undefined);
      return [
        {
          path: here,
          at: "key",
          code: "config.key_unknown",
          message: `Unknown key "${key}"${path.length === 0 ? "" : ` in ${dotted(path)}`}.`,
          next: suggestion(key, possible, "keys"),
        },
      ];
    }
    return [
      ...(names === undefined ? [] : validateName(names, key, here)),
      ...(isObject(known) && member !== undefined ? validate(known, member, here) : []),
    ];
  });
  return [...missing, ...inside];
}

function validateName(names: JsonObject, key: string, path: readonly string[]): readonly Finding[] {
  if (new RegExp(textOf(names["pattern"]), "u").test(key)) return [];
  return [
    {
      path,
      at: "key",
      code: "config.name_invalid",
      message: `"${key.length > 60 ? `${key.slice(0, 60)}…` : key}" cannot be a name here.`,
      next: `Use ${textOf(names["patternText"])}, beginning with a letter or digit.`,
    },
  ];
}

function validateArray(
  schema: JsonObject,
  value: readonly JsonValue[],
  path: readonly string[],
): readonly Finding[] {
  if (typeof schema["minItems"] === "number" && value.length < schema["minItems"]) {
    return [
      bad(path, `${dotted(path)} is an empty list.`, `Write ${describe(schema)} with at least one entry.`),
    ];
  }
  const items = schema["items"];
  if (!isObject(items)) return [];
  return value.flatMap((item, index) => validate(items, item, [...path, String(index)]));
}

function fits(type: string, value: JsonValue): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return typeof value === "bigint" || Number.isSafeInteger(value);
    case "number":
      return typeof value === "number" || typeof value === "bigint" || value instanceof ExactNumber;
    default:
      return typeof value === type;
  }
}

function wrongType(path: readonly string[], wanted: string, value: JsonValue): Finding {
  const quoted = wanted.includes("text") && (typeof value === "number" || typeof value === "boolean");
  return {
    ...bad(
      path,
      // Text is not repeated: it may be a secret in the wrong place.
      `${path.length === 0 ? "The file" : dotted(path)} must be ${wanted}, not ${typeof value === "string" ? "text" : show(value)}.`,
      quoted ? `Put quotes around it: "${String(value)}".` : `Write ${wanted}.`,
    ),
    code: "config.type_wrong",
  };
}

function bad(path: readonly string[], message: string, next: string): Finding {
  return { path, at: "value", code: "config.value_wrong", message, next };
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "keys with values",
  array: "a list",
};

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : stringifyJson(value ?? "");
}

function describe(schema: JsonObject): string {
  const about = schema["description"];
  // Descriptions of alternatives are noun phrases; others are sentences.
  if (typeof about === "string" && !about.endsWith(".")) return about;
  return NOUNS[textOf(schema["type"])] ?? "something else";
}

/** A value as a message may show it: never long, and nothing from inside an object. */
function show(value: JsonValue): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "keys with values";
  const text = typeof value === "string" ? JSON.stringify(value) : stringifyJson(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** `connections.shop.streams[2].mode` */
export function dotted(path: readonly string[]): string {
  return path
    .map((step, index) => (/^\d+$/.test(step) && index > 0 ? `[${step}]` : `${index > 0 ? "." : ""}${step}`))
    .join("");
}
