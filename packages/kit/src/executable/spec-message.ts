import type { ConnectorSpecification, JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** A specification as Airbyte's platforms can show it: they know neither `anyOf` nor `patternProperties`. */
export function shownSpec(spec: ConnectorSpecification): ConnectorSpecification {
  return { ...spec, connectionSpecification: shown(spec.connectionSpecification) };
}

function shown(schema: JsonObject): JsonObject {
  const { anyOf, patternProperties, ...rest } = schema;
  const members = Object.entries({
    ...rest,
    ...(anyOf === undefined ? {} : choice(anyOf)),
    ...(patternProperties === undefined ? {} : { additionalProperties: true }),
  });
  return Object.fromEntries(members.map(([name, member]) => [name, shownMember(member)]));
}

function shownMember(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item) => (isObject(item) ? shown(item) : item));
  }
  return isObject(value) ? shown(value) : value;
}

/** A choice among constants is an enumeration; one among objects is a `oneOf`. */
function choice(value: JsonValue): JsonObject {
  const options = Array.isArray(value) ? (value as readonly JsonValue[]).filter(isObject) : [];
  const constants = options.flatMap((option) => option["const"] ?? []);
  if (constants.length === 0 || constants.length < options.length) {
    return { type: "object", oneOf: value };
  }
  return { type: typeof constants[0] === "string" ? "string" : "number", enum: constants };
}
