import { load } from "js-yaml";
import type { JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { PythonType, Variables } from "../expressions/contract.ts";
import { textOf } from "../http/text.ts";
import { constants } from "./text.ts";

/** Fills one place of a stream's template. */
export type ComponentMapping = (template: JsonValue, variables: Variables) => JsonValue;

export interface MappingOptions {
  /** A text that comes out is read as YAML, so that a mapping can give lists and objects. */
  readonly isYaml: boolean;
}

const TYPES: Readonly<Record<string, PythonType>> = {
  string: "str",
  integer: "int",
  number: "float",
  boolean: "bool",
  array: "list",
  object: "dict",
};

/** The template with every mapping's value put in. */
export function mapped(
  template: JsonValue,
  mappings: readonly ComponentMapping[],
  variables: Variables,
): JsonValue {
  return mappings.reduce((made, mapping) => mapping(made, variables), template);
}

/** Reads a ComponentMappingDefinition: field_path, value, and optionally value_type, condition and create_or_update. */
export function mappingOf(
  node: Node,
  owner: Node,
  scope: Scope,
  { isYaml }: MappingOptions,
): ComponentMapping {
  const value = node["value"];
  const path = node["field_path"];
  if (typeof value !== "string" || !Array.isArray(path)) throw unreadable();
  const fixed = constants({ ...node, $parameters: node.$parameters ?? owner.$parameters ?? {} }, scope);
  const template = scope.template(value);
  const parts = (path as readonly JsonValue[]).map((part) => scope.template(textOf(part)));
  const condition = typeof node["condition"] === "string" ? scope.template(node["condition"]) : null;
  const valueType = typeof node["value_type"] === "string" ? TYPES[node["value_type"]] : undefined;
  const isCreating = node["create_or_update"] === true;
  return (made, variables) => {
    const names = { ...fixed, ...variables };
    if (condition !== null && !condition.test(names)) return made;
    const options = valueType === undefined ? {} : { validTypes: [valueType] };
    const result = template.evaluate(names, options) ?? null;
    const isText = typeof result === "string" && valueType === "str";
    const put = isYaml && !isText ? fromYaml(result) : result;
    const place = parts.map((part) => textOf(part.evaluate(names)));
    const changed = replaced(made, place, put);
    if (changed !== undefined) return changed;
    return isCreating && put !== null && put !== "" && put !== false ? created(made, place, put) : made;
  };
}

function fromYaml(value: JsonValue): JsonValue {
  if (typeof value !== "string") return value;
  try {
    return load(value) as JsonValue;
  } catch {
    return value;
  }
}

/** A copy with the value in place of what is there; undefined: nothing is there. */
function replaced(value: JsonValue, path: readonly string[], put: JsonValue): JsonValue | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    const hits = key === "*" ? items.map((_, at) => at) : indexIn(items, key);
    return withChanges(
      hits,
      (at) => replaced(items[at] ?? null, rest, put),
      (changes) => items.map((item, at) => (changes.has(at) ? (changes.get(at) ?? null) : item)),
    );
  }
  if (!isObject(value)) return undefined;
  const hits = key === "*" ? Object.keys(value) : Object.hasOwn(value, key) ? [key] : [];
  return withChanges(
    hits,
    (name) => replaced(value[name] ?? null, rest, put),
    (changes) => ({
      ...value,
      ...Object.fromEntries(changes),
    }),
  );
}

function withChanges<K>(
  hits: readonly K[],
  change: (key: K) => JsonValue | undefined,
  build: (changes: ReadonlyMap<K, JsonValue>) => JsonValue,
): JsonValue | undefined {
  const changes = new Map<K, JsonValue>();
  for (const key of hits) {
    const changed = change(key);
    if (changed !== undefined) changes.set(key, changed);
  }
  return changes.size === 0 ? undefined : build(changes);
}

function indexIn(items: readonly JsonValue[], key: string): readonly number[] {
  const at = Number(key);
  return /^\d+$/.test(key) && at < items.length ? [at] : [];
}

function created(value: JsonValue | undefined, path: readonly string[], put: JsonValue): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  const isNext = /^\d+$/.test(key);
  if (Array.isArray(value) && isNext && Number(key) <= value.length) {
    const items = [...(value as readonly JsonValue[])];
    items[Number(key)] = created(items[Number(key)], rest, put);
    return items;
  }
  if (value === undefined && isNext && Number(key) === 0) return [created(undefined, rest, put)];
  const known = isObject(value) ? value : {};
  return { ...known, [key]: created(known[key], rest, put) };
}

function unreadable(): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: "A component mapping has no field_path, or a value that is no text.",
    next: "Give field_path as a list and value as a text or template.",
    recovery: "ask",
    origin: "source",
    path: "components_mapping",
  });
}
