import type { Field, FieldKind, JsonObject } from "../src/index.ts";
import { fieldsOf, kindOf, schemaOf, streamKey } from "../src/index.ts";
import { describe, expect, test } from "vitest";

describe("kindOf", () => {
  test.each<[FieldKind, JsonObject]>([
    ["string", { type: "string" }],
    ["string", { type: ["null", "string"], contentEncoding: "base64" }],
    ["string", { type: "string", format: "uuid" }],
    ["boolean", { type: ["boolean", "null"] }],
    ["integer", { type: "integer" }],
    ["integer", { type: "number", airbyte_type: "integer" }],
    ["number", { type: "number" }],
    ["number", { type: ["integer", "number"] }],
    ["date", { type: "string", format: "date" }],
    ["timestamp_with_timezone", { type: "string", format: "date-time" }],
    [
      "timestamp_with_timezone",
      { type: "string", format: "date-time", airbyte_type: "timestamp_with_timezone" },
    ],
    [
      "timestamp_without_timezone",
      { type: "string", format: "date-time", airbyte_type: "timestamp_without_timezone" },
    ],
    ["time_with_timezone", { type: "string", format: "time", airbyte_type: "time_with_timezone" }],
    ["time_without_timezone", { type: "string", format: "time" }],
    ["object", { type: "object" }],
    ["object", { properties: {} }],
    ["array", { type: ["null", "array"], items: { type: "string" } }],
    ["union", { type: ["string", "integer"] }],
    ["union", { oneOf: [{ type: "string" }, { type: "integer" }] }],
    ["string", { oneOf: [{ type: "null" }, { type: "string" }] }],
    ["integer", { anyOf: [{ type: "null" }, { $ref: "WellKnownTypes.json#/definitions/Integer" }] }],
    ["timestamp_with_timezone", { $ref: "WellKnownTypes.json#/definitions/TimestampWithTimezone" }],
    ["unknown", { $ref: "WellKnownTypes.json#/definitions/Blob" }],
    ["unknown", {}],
    ["unknown", { type: "null" }],
    ["unknown", { type: "decimal" }],
  ])("%s: %j", (kind, property) => {
    expect(kindOf(property)).toBe(kind);
  });
});

describe("fieldsOf", () => {
  test("gives back what schemaOf was given, every kind, in order", () => {
    const kinds: readonly FieldKind[] = [
      "string",
      "boolean",
      "integer",
      "number",
      "date",
      "timestamp_with_timezone",
      "timestamp_without_timezone",
      "time_with_timezone",
      "time_without_timezone",
      "object",
      "array",
      "union",
      "unknown",
    ];
    const fields: readonly Field[] = [
      ...kinds.map((kind): Field => ({ name: `${kind} "é"`, kind })),
      { name: "price", kind: "number", precision: 12, scale: 2 },
      { name: "code", kind: "string", native: { system: "postgresql", type: "varchar(3)" } },
      {
        name: "total",
        kind: "number",
        precision: 38,
        scale: 0,
        native: { system: "postgresql", type: "numeric" },
      },
    ];
    expect(fieldsOf(schemaOf(fields))).toEqual(fields);
    expect(fieldsOf(JSON.parse(JSON.stringify(schemaOf(fields))) as JsonObject)).toEqual(fields);
  });

  test.each<JsonObject>([{}, { properties: null }, { properties: [] }, { type: "object" }])(
    "%j has none",
    (schema) => {
      expect(fieldsOf(schema)).toEqual([]);
    },
  );

  test("a property that is no object is unknown, facets of wrong types are ignored", () => {
    expect(
      fieldsOf({ properties: { a: true, b: { type: "number", "x-weir": { precision: "12", native: 3 } } } }),
    ).toEqual([
      { name: "a", kind: "unknown" },
      { name: "b", kind: "number" },
    ]);
  });
});

describe("streamKey", () => {
  test("different streams have different keys, no namespace is the empty one", () => {
    const names = ["", "a", "a.b", "a\\", "a\\.b", ".", "\\", "a.", ".a"];
    const keys = names.flatMap((namespace) => names.map((name) => streamKey({ name, namespace })));
    expect(new Set(keys).size).toBe(names.length ** 2);
    expect(streamKey({ name: "users" })).toBe("users");
    expect(streamKey({ name: "users", namespace: "" })).toBe("users");
    expect(streamKey({ name: "users", namespace: "public" })).toBe("public.users");
    expect(streamKey({ name: "b.c", namespace: "a" })).toBe("a.b\\.c");
  });
});
