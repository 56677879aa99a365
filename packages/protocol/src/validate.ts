import { isObject } from "./json.ts";

/** What is wrong with a value, and where in it: `record.meta.changes.0.field`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Says what is wrong with a value just parsed; undefined when it is right. */
export type Check = (value: unknown) => Problem | undefined;

function problem(message: string): Problem {
  return { path: "", message };
}

function at(key: string | number, inner: Problem): Problem {
  return { path: inner.path === "" ? String(key) : `${key}.${inner.path}`, message: inner.message };
}

function described(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "an array" : isObject(value) ? "an object" : `a ${typeof value}`;
}

function check(expected: string, accepts: (value: unknown) => boolean): Check {
  return (value) => (accepts(value) ? undefined : problem(`expected ${expected}, got ${described(value)}`));
}

export const text = check("a string", (value) => typeof value === "string");
export const bool = check("true or false", (value) => typeof value === "boolean");
export const number = check("a number", (value) => typeof value === "number");
export const integer = check("an integer below 2^53", Number.isSafeInteger);
export const anyObject = check("an object", isObject);
/** Any value that is there, null included. */
export const present = check("a value", (value) => value !== undefined);

export function oneOf(...words: readonly string[]): Check {
  return (value) => {
    if (typeof value === "string" && words.includes(value)) return undefined;
    const got = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : described(value);
    return problem(`expected one of ${words.join(", ")}, got ${got}`);
  };
}

export function list(item: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return problem(`expected an array, got ${described(value)}`);
    for (const [index, member] of value.entries()) {
      const found = item(member);
      if (found !== undefined) return at(index, found);
    }
    return undefined;
  };
}

/**
 * An object with these members; others are left as they are. Null in an optional member counts as absent, as some
 * connectors write every member they know, and is taken away so that the type holds.
 */
export function object(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const must = Object.entries(required);
  const may = Object.entries(optional);
  return (value) => {
    if (!isObject(value)) return problem(`expected an object, got ${described(value)}`);
    for (const [key, member] of must) {
      const found = member(value[key]);
      if (found !== undefined) return at(key, found);
    }
    for (const [key, member] of may) {
      const held = value[key];
      if (held === undefined) continue;
      if (held === null) {
        delete (value as Record<string, unknown>)[key];
        continue;
      }
      const found = member(held);
      if (found !== undefined) return at(key, found);
    }
    return undefined;
  };
}

/** Checks one after the other; the first problem counts. */
export function all(...checks: readonly Check[]): Check {
  return (value) => {
    for (const each of checks) {
      const found = each(value);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** An object whose member `tag` chooses the check of the whole; `absent` is taken where the tag is missing or null. */
export function tagged(tag: string, checks: Readonly<Record<string, Check>>, absent?: Check): Check {
  const knows = object({ [tag]: oneOf(...Object.keys(checks)) });
  return (value) => {
    if (absent !== undefined && isObject(value) && (value[tag] ?? null) === null) return absent(value);
    return knows(value) ?? checks[(value as Record<string, string>)[tag] ?? ""]?.(value);
  };
}
