import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Finding } from "./validate.ts";
import { dotted } from "./validate.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${` stands for `${` itself; what follows `${` must be a name and a brace. */
const REFERENCE = /\$(\$\{)|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface Resolved<Value> {
  readonly value: Value;
  readonly findings: readonly Finding[];
}

/** Puts the environment's values where `${NAME}` stands in texts, at any depth. Keys are left as they are. */
export function resolveReferences(
  value: JsonValue,
  env: Environment,
  path: readonly string[],
): Resolved<JsonValue> {
  if (typeof value === "string") return resolveText(value, env, path);
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item, index) =>
      resolveReferences(item, env, [...path, String(index)]),
    );
    return { value: items.map((item) => item.value), findings: items.flatMap((item) => item.findings) };
  }
  if (!isObject(value)) return { value, findings: [] };
  const entries = Object.entries(value).map(
    ([key, member]) => [key, resolveReferences(member ?? null, env, [...path, key])] as const,
  );
  return {
    value: Object.fromEntries(entries.map(([key, member]) => [key, member.value])),
    findings: entries.flatMap(([, member]) => member.findings),
  };
}

/** The same for one text. */
export function resolveText(text: string, env: Environment, path: readonly string[]): Resolved<string> {
  const findings: Finding[] = [];
  const value = text.replaceAll(
    REFERENCE,
    (whole, escaped: string | undefined, name: string, end: string) => {
      if (escaped !== undefined) return escaped;
      if (!NAME.test(name) || end === "") {
        findings.push(invalid(path));
        return whole;
      }
      const found = env[name];
      if (found !== undefined) return found;
      findings.push(missing(name, path));
      return whole;
    },
  );
  return { value, findings };
}

function invalid(path: readonly string[]): Finding {
  return {
    path,
    at: "value",
    code: "config.reference_invalid",
    message: `${dotted(path)} holds a \${…} that is not a reference.`,
    next: "Write ${NAME} for an environment variable, or $${ for the characters themselves.",
  };
}

function missing(name: string, path: readonly string[]): Finding {
  return {
    path,
    at: "value",
    code: "config.variable_missing",
    message: `${dotted(path)} needs the environment variable ${name}, which is not set.`,
    next: `Set ${name}, or write it into the file .env beside the project file.`,
  };
}

/** Whether a text takes a value from the environment: what a secret must do. */
export function isReference(text: string): boolean {
  return [...text.matchAll(REFERENCE)].some(([, escaped]) => escaped === undefined);
}
