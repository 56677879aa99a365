import type { ErrorObject } from "ajv";
import { isObject, type JsonObject, type JsonValue, stringifyJson } from "@weir/protocol";
import { branchesOf, branchOf, constantsOf } from "./walk.ts";

/** One thing wrong with a configuration. The text never repeats a value: it may be a secret in the wrong place. */
export interface Problem {
  readonly path: string;
  readonly text: string;
  /** Set where a key is missing. */
  readonly missing?: boolean;
}

/** What ajv found, in a person's words, one problem for each place. */
export function problemsOf(
  errors: readonly ErrorObject[],
  schema: JsonObject,
  value: JsonValue,
  path: string,
): readonly Problem[] {
  const unions = errors.filter((error) => error.keyword === "oneOf" || error.keyword === "anyOf");
  const problems = errors.flatMap((error) => {
    const union = unions.find(
      (outer) => outer !== error && error.schemaPath.startsWith(`${outer.schemaPath}/`),
    );
    if (union !== undefined && !insideMeantBranch(error, union, schema, value)) return [];
    const isUnion = error.keyword === "oneOf" || error.keyword === "anyOf";
    return [
      {
        path: pathOf(error, path),
        text: isUnion ? unionText(error, schema, value) : textOf(error, value),
        missing: error.keyword === "required",
      },
    ];
  });
  const byPlace = new Map(
    problems.filter(({ text }) => text !== "").map((problem) => [problem.path, problem]),
  );
  return [...byPlace.values()];
}

/** The errors of the branch that a value's constants point at are the useful ones; those of the others are noise. */
function insideMeantBranch(
  error: ErrorObject,
  union: ErrorObject,
  schema: JsonObject,
  value: JsonValue,
): boolean {
  const unionSchema = schemaAt(schema, union.schemaPath);
  const index = Number(/^\/(\d+)/.exec(error.schemaPath.slice(union.schemaPath.length))?.[1]);
  const meant = branchOf(unionSchema, valueAt(value, union.instancePath));
  return meant !== undefined && branchesOf(unionSchema)[index] === meant;
}

function unionText(error: ErrorObject, schema: JsonObject, value: JsonValue): string {
  const unionSchema = schemaAt(schema, error.schemaPath);
  const given = valueAt(value, error.instancePath);
  if (branchOf(unionSchema, given) !== undefined) return "";
  const branches = branchesOf(unionSchema);
  const literals = branches.map((branch) => branch["const"]).filter((constant) => constant !== undefined);
  if (literals.length === branches.length) return `must be one of ${literals.map(String).join(", ")}`;
  const forms = branches.map((branch) =>
    constantsOf(branch).map(([name, constant]) => `${name}: ${stringifyJson(constant)}`),
  );
  if (isObject(given) && forms.every((form) => form.length > 0)) {
    return `must have one of ${forms.map((form) => form.join(" and ")).join(", ")}`;
  }
  return `fits none of the forms allowed here, is ${kindOf(given)}`;
}

function textOf(error: ErrorObject, value: JsonValue): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case "required":
      return "is missing";
    case "type":
      return `must be ${withArticle([params["type"]].flat().join(" or "))}, is ${kindOf(valueAt(value, error.instancePath))}`;
    case "enum":
      return `must be one of ${(params["allowedValues"] as readonly unknown[]).map(String).join(", ")}`;
    case "const":
      return `must be ${String(params["allowedValue"])}`;
    case "additionalProperties":
      return "is not a known key";
    case "minLength":
      return params["limit"] === 1
        ? "must not be empty"
        : `must have at least ${String(params["limit"])} characters`;
    case "maxLength":
      return `must have at most ${String(params["limit"])} characters`;
    case "minItems":
      return `must have at least ${String(params["limit"])} entries`;
    case "format":
      return `is not a valid ${String(params["format"])}`;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

function pathOf(error: ErrorObject, root: string): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  const name =
    error.keyword === "required"
      ? params["missingProperty"]
      : error.keyword === "additionalProperties"
        ? params["additionalProperty"]
        : undefined;
  const parts = [...pointer(error.instancePath), ...(typeof name === "string" ? [name] : [])];
  return [root, ...parts].filter((part) => part !== "").join(".");
}

function pointer(path: string): readonly string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(value: JsonValue, path: string): JsonValue | undefined {
  return pointer(path).reduce<JsonValue | undefined>(member, value);
}

/** `#/properties/tls/oneOf` names the union's keyword; the schema is one step above. */
function schemaAt(schema: JsonObject, path: string): JsonObject {
  const found = pointer(path.replace(/^#/, "")).slice(0, -1).reduce<JsonValue | undefined>(member, schema);
  return isObject(found) ? found : {};
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[])[Number(key)];
  return isObject(value) ? value[key] : undefined;
}

function kindOf(value: JsonValue | undefined): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return "text";
  return typeof value === "boolean" ? "a boolean" : "a number";
}

function withArticle(type: string): string {
  return `${/^[aeio]/.test(type) ? "an" : "a"} ${type}`;
}
