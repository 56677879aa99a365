import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Node } from "../component.ts";
import type { Template } from "../expressions/index.ts";
import { textOf } from "../http/text.ts";
import { atPath } from "../stream/at-path.ts";

type Compile = (text: string) => Template;

interface RuleOptions {
  readonly compile: Compile;
  /** Told of each rule that is not among the types of the language. */
  readonly leaveOut: (rule: string) => void;
}

/** The configuration after the manifest's own migrations and transformations of it. */
export function normalised(manifest: JsonObject, config: JsonObject, options: RuleOptions): JsonObject {
  const spec = manifest["spec"];
  const rules = isObject(spec) ? spec["config_normalization_rules"] : undefined;
  if (!isObject(rules)) return config;
  const migrations = listOf(rules["config_migrations"]).flatMap((each) => listOf(each["transformations"]));
  return [...migrations, ...listOf(rules["transformations"])].reduce<JsonObject>(
    (made, rule) => changed(made, rule, options),
    config,
  );
}

function listOf(value: JsonValue | undefined): readonly Node[] {
  return Array.isArray(value) ? (value as readonly Node[]) : [];
}

function changed(config: JsonObject, rule: Node, { compile, leaveOut }: RuleOptions): JsonObject {
  switch (rule.type) {
    case "ConfigAddFields":
      return added(config, rule, compile);
    case "ConfigRemoveFields":
      return removed(config, rule, compile);
    case "ConfigRemapField":
      return remapped(config, rule, compile);
    default:
      leaveOut(textOf(rule["class_name"] ?? rule.type));
      return config;
  }
}

function pathOf(value: JsonValue | undefined, config: JsonObject, compile: Compile): readonly string[] {
  const parts = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  return parts.map((part) => textOf(compile(textOf(part)).evaluate({ config, parameters: {} })));
}

function added(config: JsonObject, rule: Node, compile: Compile): JsonObject {
  const condition = typeof rule["condition"] === "string" ? compile(rule["condition"]) : null;
  let made = config;
  for (const field of listOf(rule["fields"])) {
    const path = listOf(field["path"]).map((part) => textOf(part as unknown as JsonValue));
    const variables = { config: made, parameters: rule.$parameters ?? {} };
    const type = field["value_type"] === "string" ? { validTypes: ["str"] as const } : {};
    const value = compile(textOf(field["value"])).evaluate(variables, type) ?? null;
    if (condition !== null && !condition.test({ ...variables, value, path })) continue;
    made = put(made, path, value);
  }
  return made;
}

function removed(config: JsonObject, rule: Node, compile: Compile): JsonObject {
  const condition = typeof rule["condition"] === "string" ? compile(rule["condition"]) : null;
  const pointers = Array.isArray(rule["field_pointers"])
    ? (rule["field_pointers"] as readonly JsonValue[])
    : [];
  return pointers.reduce<JsonObject>((made, pointer) => {
    const path = pathOf(pointer, made, compile);
    const value = atPath(made, path);
    if (value === undefined) return made;
    const isMeant = condition === null || condition.test({ config: made, parameters: {}, property: value });
    return isMeant ? put(made, path, undefined) : made;
  }, config);
}

function remapped(config: JsonObject, rule: Node, compile: Compile): JsonObject {
  const path = pathOf(rule["field_path"], config, compile);
  const value = atPath(config, path);
  const map = rule["map"];
  if (value === undefined || !isObject(map)) return config;
  const key = textOf(value);
  if (!Object.hasOwn(map, key)) return config;
  const found = map[key] ?? null;
  const mapped =
    typeof found === "string" ? (compile(found).evaluate({ config, parameters: {} }) ?? null) : found;
  return put(config, path, mapped);
}

/** A copy with the value at a path; undefined takes away what is there. */
function put(config: JsonObject, path: readonly string[], value: JsonValue | undefined): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return config;
  const { [key]: known, ...others } = config;
  if (rest.length > 0) return { ...config, [key]: put(isObject(known) ? known : {}, rest, value) };
  return value === undefined ? others : { ...config, [key]: value };
}
