import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node, type Scope, templateText } from "../../component.ts";
import type { PythonType, Variables } from "../../expressions/index.ts";
import { textOf } from "../../http/text.ts";
import { setMember } from "../../records/members.ts";
import { put } from "../../records/put.ts";
import { sliceOf } from "../../records/slice-of.ts";
import type { Transformation } from "./contract.ts";

const TYPES: ReadonlyMap<unknown, readonly PythonType[]> = new Map<unknown, readonly PythonType[]>([
  ["string", ["str"]],
  ["integer", ["int"]],
  ["number", ["float"]],
  ["boolean", ["bool"]],
  ["array", ["list"]],
  ["object", ["dict"]],
]);

export const addFields = defineComponent({
  kind: "transformation",
  type: "AddFields",
  doc: "Sets fields of each record to values from templates, in order: a later one sees those before it.",
  fields: Type.Object({
    fields: Type.Array(Type.Unknown(), {
      description:
        "AddedFieldDefinition: path (keys and list positions), value (a template that sees config, parameters, record, stream_slice) and value_type, which keeps a text from becoming a number.",
    }),
    condition: Type.Optional(
      templateText("Sees value and path beside; where it fails the field is left as it is.", { default: "" }),
    ),
  }),
  build: (node, scope) => {
    const fields = node.fields.map((field) => addedField(field as JsonValue, node, scope));
    const test =
      node.condition === undefined || node.condition === "" ? null : scope.template(node.condition);
    const { config } = scope;
    const own = node.$parameters ?? {};
    const transformation: Transformation = {
      apply: (record, slice) => {
        const stream_slice = sliceOf(slice);
        for (const { path, valueOf, parameters } of fields) {
          const value = valueOf({ config, parameters, record, stream_slice });
          if (test !== null && !test.test({ config, parameters: own, record, stream_slice, value, path }))
            continue;
          if (path.length === 1) setMember(record, path[0] ?? "", value);
          else put(record, path, value);
        }
        return record;
      },
    };
    return transformation;
  },
});

interface AddedField {
  readonly path: readonly string[];
  readonly parameters: JsonObject;
  readonly valueOf: (variables: Variables) => JsonValue;
}

function addedField(field: JsonValue, owner: Node, scope: Scope): AddedField {
  const { path, value, value_type: valueType, $parameters } = isObject(field) ? field : {};
  if (!Array.isArray(path) || path.length === 0)
    throw new WeirError({
      code: "manifest.component",
      message: "A field of AddFields has no path.",
      next: "Give each field a path of one part at least.",
      recovery: "ask",
      origin: "source",
      path: "fields",
    });
  const template = scope.template(textOf(value));
  const options = { validTypes: TYPES.get(valueType) };
  const constant = template.isPlain ? (template.evaluate({}, options) ?? null) : undefined;
  // Lists and objects are made anew for each record, which may change them.
  const isShared = constant !== undefined && (constant === null || typeof constant !== "object");
  return {
    path: (path as readonly JsonValue[]).map(textOf),
    parameters: isObject($parameters) ? $parameters : (owner.$parameters ?? {}),
    valueOf: isShared ? () => constant : (variables) => template.evaluate(variables, options) ?? null,
  };
}
