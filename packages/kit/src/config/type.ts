import type { TSchema, Type as TypeBox } from "typebox";

/**
 * The part of typebox that configurations need. Types are typebox's own, and so is the JSON produced; only the code is
 * here, because loading typebox costs 95 ms and a sync with nothing new has a second in all.
 */
export type TypeBuilder = Pick<
  typeof TypeBox,
  | "Object"
  | "String"
  | "Integer"
  | "Number"
  | "Boolean"
  | "Null"
  | "Unknown"
  | "Literal"
  | "Array"
  | "Record"
  | "Union"
  | "Optional"
>;

type Json = Readonly<Record<string, unknown>>;

/** Hidden from JSON, as in typebox: whether a property may be absent belongs to the object, not to its schema. */
const OPTIONAL = "~optional";

const build = {
  Object: (properties: Readonly<Record<string, Json>>, options?: Json) => {
    const required = Object.keys(properties).filter((name) => properties[name]?.[OPTIONAL] !== true);
    return { type: "object", ...(required.length > 0 ? { required } : {}), properties, ...options };
  },
  String: (options?: Json) => ({ type: "string", ...options }),
  Integer: (options?: Json) => ({ type: "integer", ...options }),
  Number: (options?: Json) => ({ type: "number", ...options }),
  Boolean: (options?: Json) => ({ type: "boolean", ...options }),
  Null: (options?: Json) => ({ type: "null", ...options }),
  Unknown: (options?: Json) => ({ ...options }),
  Literal: (value: string | number | boolean, options?: Json) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Array: (items: Json, options?: Json) => ({ type: "array", items, ...options }),
  Record: (_key: Json, value: Json, options?: Json) => ({
    type: "object",
    patternProperties: { "^.*$": value },
    ...options,
  }),
  Union: (anyOf: readonly Json[], options?: Json) => ({ anyOf, ...options }),
  Optional: (schema: Json) =>
    Object.defineProperty({ ...schema }, OPTIONAL, { value: true, enumerable: false }),
};

export const Type = build as unknown as TypeBuilder;

export type { Static, TObject } from "typebox";
export type Schema = TSchema;
