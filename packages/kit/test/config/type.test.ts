import { Type } from "@weir/kit";
import { Type as TypeBox } from "typebox";
import { expect, test } from "vitest";

/** One schema for each form a configuration can have, made by whichever builder is given. */
const schemas: Readonly<Record<string, (T: typeof Type) => object>> = {
  "an object with required and optional properties": (T) =>
    T.Object(
      { host: T.String({ title: "Host", minLength: 1 }), port: T.Optional(T.Integer({ default: 5432 })) },
      { title: "Config", order: 1 },
    ),
  "an object whose properties are all optional": (T) => T.Object({ a: T.Optional(T.Number({ minimum: 0 })) }),
  "an empty object": (T) => T.Object({}),
  "a secret": (T) => T.Optional(T.String({ airbyte_secret: true })),
  "an enumeration": (T) => T.Union([T.Literal("a"), T.Literal(2), T.Literal(true)], { default: "a" }),
  "a union of objects": (T) =>
    T.Union([
      T.Object({ mode: T.Literal("full") }),
      T.Object({ mode: T.Literal("part"), size: T.Integer() }),
    ]),
  "lists, maps, null and anything": (T) =>
    T.Object({
      list: T.Array(T.Boolean(), { minItems: 1 }),
      map: T.Record(T.String(), T.Integer()),
      none: T.Null(),
      any: T.Unknown({ description: "Anything" }),
    }),
};

test.each(Object.entries(schemas))("%s is the JSON that typebox makes", (_what, make) => {
  expect(JSON.parse(JSON.stringify(make(Type)))).toEqual(
    JSON.parse(JSON.stringify(make(TypeBox as unknown as typeof Type))),
  );
});
