import type { ConnectorSpecification, JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

const FORBIDDEN = [
  "not",
  "anyOf",
  "patternProperties",
  "prefixItems",
  "allOf",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependentRequired",
  "$ref",
] as const;

/** Names under which a text is a secret wherever it stands. */
const SECRET_NAMES = new Set(
  (
    "client_token access_token api_token token secret client_secret password key service_account_info " +
    "certificate jwt refresh_token"
  ).split(" "),
);

/** What a specification's schema does that platforms cannot show; empty when it is right. */
export function specProblems(spec: ConnectorSpecification): readonly string[] {
  const { connectionSpecification: schema } = spec;
  const root = schema["type"] === "object" ? [] : ["the configuration is no object"];
  return [...root, ...problemsOf(schema, "")];
}

function problemsOf(schema: JsonObject, path: string): readonly string[] {
  const here = path === "" ? "the schema" : path;
  const problems: string[] = [];
  for (const word of FORBIDDEN) if (schema[word] !== undefined) problems.push(`${here} uses ${word}`);
  if (schema["additionalProperties"] === false) problems.push(`${here} refuses further members`);
  const list = listOf(schema["enum"]);
  if (new Set(list).size !== list.length) problems.push(`${here} lists a value twice`);
  const orders: JsonValue[] = [];
  for (const [name, property] of propertiesOf(schema)) {
    if (property["order"] !== undefined) orders.push(property["order"]);
    const isText = property["type"] === "string" && property["const"] === undefined;
    if (SECRET_NAMES.has(name) && isText && property["airbyte_secret"] !== true) {
      problems.push(`${join(path, name)} is not marked as a secret`);
    }
    if (typeof property["title"] !== "string" && property["const"] === undefined) {
      problems.push(`${join(path, name)} has no title`);
    }
    problems.push(...problemsOf(property, join(path, name)));
  }
  if (new Set(orders).size !== orders.length) problems.push(`${here} has one place for two members`);
  for (const branch of listOf(schema["oneOf"])) {
    if (isObject(branch)) problems.push(...problemsOf(branch, path));
  }
  if (isObject(schema["items"])) problems.push(...problemsOf(schema["items"], join(path, "items")));
  return problems;
}

function propertiesOf(schema: JsonObject): readonly (readonly [string, JsonObject])[] {
  const { properties } = schema;
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, value]) =>
    isObject(value) ? [[name, value] as const] : [],
  );
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
