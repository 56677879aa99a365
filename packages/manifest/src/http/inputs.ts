import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import type { Scope } from "../component.ts";
import type { PythonType, Template, Variables } from "../expressions/contract.ts";
import { textOf } from "./text.ts";

/** What a manifest writes for parameters, headers or a body, ready to be evaluated for each request. */
export type Inputs = (variables: Variables) => JsonValue | undefined;

const KEY: readonly PythonType[] = ["str"];

/** A map of templates, or one template that gives a map or a text. Members that come out as None are left out. */
export function flatInputs(
  value: JsonValue | undefined,
  scope: Scope,
  validTypes?: readonly PythonType[],
): Inputs {
  if (typeof value === "string") return textInputs(value, scope);
  if (typeof value !== "object" || value === null) return () => undefined;
  const members = Object.entries(value as JsonObject).map(
    ([key, member]): readonly [Template, Template | JsonValue] => [
      scope.template(key),
      typeof member === "string" ? scope.template(member) : (member ?? null),
    ],
  );
  return (variables) => {
    const map = new Map<string, JsonValue>();
    for (const [name, member] of members) {
      const key = name.evaluate(variables, { validTypes: KEY, fallback: null });
      const isText = typeof member === "object" && member !== null && "evaluate" in member;
      const result = isText
        ? (member as Template).evaluate(variables, { validTypes, fallback: null })
        : member;
      if (result !== null && result !== undefined) map.set(textOf(key), result);
    }
    return Object.fromEntries(map);
  };
}

function textInputs(value: string, scope: Scope): Inputs {
  if (value === "") return () => undefined;
  const template = scope.template(value);
  return (variables) => {
    const result = template.evaluate(variables, { fallback: "" });
    return isMap(result) ? withoutNulls(result) : result;
  };
}

/** A tree of templates for a JSON body: keys and texts are evaluated at every depth, None is left out of objects. */
export function nestedInputs(value: JsonValue | undefined, scope: Scope): Inputs {
  if (typeof value === "string") {
    if (value === "") return () => undefined;
    const template = scope.template(value);
    return (variables) => template.evaluate(variables, { fallback: "" });
  }
  return value === undefined || value === null ? () => undefined : nested(value, scope);
}

function nested(value: JsonValue, scope: Scope): Inputs {
  if (typeof value === "string") {
    const template = scope.template(value);
    return (variables) => template.evaluate(variables, { fallback: null });
  }
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => nested(item, scope));
    return (variables) => items.map((item) => item(variables) ?? null);
  }
  if (!isMap(value)) return () => value;
  const members = Object.entries(value).map(
    ([key, member]) => [nested(key, scope), nested(member ?? null, scope)] as const,
  );
  return (variables) => {
    const map = members.map(([key, member]) => [textOf(key(variables)), member(variables)] as const);
    return Object.fromEntries(map.filter(([, member]) => member !== null && member !== undefined));
  };
}

export function isMap(value: JsonValue | undefined): value is JsonObject {
  return isObject(value);
}

function withoutNulls(map: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(map).filter(([, member]) => member !== null && member !== undefined),
  );
}
