import type { JsonObject, JsonValue } from "./json.ts";
import { isObject } from "./json.ts";

/** Kinds of one value. */
export const SCALAR_KINDS = [
  "string",
  "boolean",
  "integer",
  "number",
  "date",
  "timestamp_with_timezone",
  "timestamp_without_timezone",
  "time_with_timezone",
  "time_without_timezone",
] as const;

/** All kinds; the last four have JSON as their text. */
export const FIELD_KINDS = [...SCALAR_KINDS, "object", "array", "union", "unknown"] as const;

/** What a value means: the types of Airbyte's protocol. `unknown` is anything, kept as JSON. */
export type FieldKind = (typeof FIELD_KINDS)[number];

/** A top-level field of a stream. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** For `number`: the source's DECIMAL(precision, scale) where it has one. */
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
  /** The source's own type, for `nativeTypes`: `{ system: "postgresql", type: "int4" }`. */
  readonly native?: NativeType | undefined;
}

export interface NativeType {
  readonly system: string;
  readonly type: string;
}

/** Key under which Weir's own facets lie in a property's schema; other software ignores it. */
const FACETS = "x-weir";

/** The fields of a stream's JSON schema, in its order. */
export function fieldsOf(schema: JsonObject): readonly Field[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return Object.entries(properties).map(([name, property]) =>
    fieldOf(name, isObject(property) ? property : {}),
  );
}

function fieldOf(name: string, property: JsonObject): Field {
  const facets = isObject(property[FACETS]) ? property[FACETS] : {};
  const { precision, scale, native } = facets;
  return {
    name,
    kind: kindOf(property),
    ...(typeof precision === "number" && typeof scale === "number" ? { precision, scale } : {}),
    ...(isObject(native) && typeof native["system"] === "string" && typeof native["type"] === "string"
      ? { native: { system: native["system"], type: native["type"] } }
      : {}),
  };
}

/** The kind a property's schema names. Well-known `$ref` types, `airbyte_type` and `format` are understood. */
export function kindOf(property: JsonObject): FieldKind {
  const ref =
    typeof property["$ref"] === "string" ? /definitions\/(\w+)$/.exec(property["$ref"])?.[1] : undefined;
  if (ref !== undefined) return WELL_KNOWN[ref] ?? "unknown";
  const options = property["oneOf"] ?? property["anyOf"];
  if (Array.isArray(options)) return unionKind(options as readonly JsonValue[]);
  const types = typesOf(property["type"]);
  if (types.length === 0) return isObject(property["properties"]) ? "object" : "unknown";
  if (types.length > 1)
    return types.every((type) => type === "integer" || type === "number") ? "number" : "union";
  return singleKind(types[0] ?? "", property);
}

function unionKind(options: readonly JsonValue[]): FieldKind {
  const kinds = new Set<FieldKind>();
  for (const option of options) {
    if (!isObject(option) || (typesOf(option["type"]).length === 0 && option["type"] === "null")) continue;
    kinds.add(kindOf(option));
  }
  const [only] = kinds;
  return kinds.size === 1 && only !== undefined ? only : "union";
}

function typesOf(type: JsonValue | undefined): readonly string[] {
  const list = Array.isArray(type) ? (type as readonly JsonValue[]) : [type];
  return list.filter((item): item is string => typeof item === "string" && item !== "null");
}

function singleKind(type: string, property: JsonObject): FieldKind {
  switch (type) {
    case "boolean":
    case "integer":
    case "object":
    case "array":
      return type;
    case "number":
      return property["airbyte_type"] === "integer" ? "integer" : "number";
    case "string":
      return stringKind(property);
    default:
      return "unknown";
  }
}

function stringKind(property: JsonObject): FieldKind {
  const zoned = property["airbyte_type"];
  switch (property["format"]) {
    case "date":
      return "date";
    case "date-time":
      return zoned === "timestamp_without_timezone"
        ? "timestamp_without_timezone"
        : "timestamp_with_timezone";
    case "time":
      return zoned === "time_with_timezone" ? "time_with_timezone" : "time_without_timezone";
    default:
      return "string";
  }
}

const WELL_KNOWN: Readonly<Record<string, FieldKind>> = {
  String: "string",
  BinaryData: "string",
  Boolean: "boolean",
  Integer: "integer",
  Number: "number",
  Date: "date",
  TimestampWithTimezone: "timestamp_with_timezone",
  TimestampWithoutTimezone: "timestamp_without_timezone",
  TimeWithTimezone: "time_with_timezone",
  TimeWithoutTimezone: "time_without_timezone",
};

const SCHEMA: Readonly<Record<FieldKind, JsonObject>> = {
  string: { type: ["null", "string"] },
  boolean: { type: ["null", "boolean"] },
  integer: { type: ["null", "integer"] },
  number: { type: ["null", "number"] },
  date: { type: ["null", "string"], format: "date" },
  timestamp_with_timezone: {
    type: ["null", "string"],
    format: "date-time",
    airbyte_type: "timestamp_with_timezone",
  },
  timestamp_without_timezone: {
    type: ["null", "string"],
    format: "date-time",
    airbyte_type: "timestamp_without_timezone",
  },
  time_with_timezone: { type: ["null", "string"], format: "time", airbyte_type: "time_with_timezone" },
  time_without_timezone: { type: ["null", "string"], format: "time", airbyte_type: "time_without_timezone" },
  object: { type: ["null", "object"] },
  array: { type: ["null", "array"] },
  union: { type: ["null", "string", "number", "boolean", "object", "array"] },
  unknown: {},
};

/** The JSON schema of a stream with these fields; `fieldsOf` gives them back. */
export function schemaOf(fields: readonly Field[]): JsonObject {
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, propertyOf(field)])),
  };
}

function propertyOf(field: Field): JsonObject {
  const { precision, scale, native } = field;
  if (precision === undefined && native === undefined) return SCHEMA[field.kind];
  return {
    ...SCHEMA[field.kind],
    [FACETS]: {
      ...(precision === undefined ? {} : { precision, scale }),
      ...(native === undefined ? {} : { native: { ...native } }),
    },
  };
}
