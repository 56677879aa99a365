import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";

/** A place that a path found: its keys from the root, and what is there. */
export interface Found {
  readonly path: readonly (string | number)[];
  readonly value: JsonValue;
}

/** Every member at any depth, those of one object or list before theirs. */
export function everything(root: JsonValue): readonly Found[] {
  const all: Found[] = [];
  const walk = (value: JsonValue, path: readonly (string | number)[]): void => {
    const entries: readonly (readonly [string | number, JsonValue | undefined])[] = Array.isArray(value)
      ? [...(value as readonly JsonValue[]).entries()]
      : isObject(value)
        ? Object.entries(value)
        : [];
    for (const [key, member] of entries)
      if (member !== undefined) all.push({ path: [...path, key], value: member });
    for (const [key, member] of entries) if (typeof member === "object") walk(member, [...path, key]);
  };
  walk(root, []);
  return all;
}

/** An object while it belongs to this read alone. */
export interface Changeable {
  [key: string]: JsonValue | undefined;
}

export function changeable(record: JsonObject): Changeable {
  return record;
}

/** Sets a member; `__proto__` becomes a member like any other. */
export function setMember(record: JsonObject, key: string, value: JsonValue | undefined): void {
  if (key === "__proto__")
    Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
  else changeable(record)[key] = value;
}

/** Puts these members in place of all that the record has. */
export function replaceMembers(
  record: JsonObject,
  members: Iterable<readonly [string, JsonValue | undefined]>,
): void {
  const kept = [...members];
  for (const key of Object.keys(record)) delete changeable(record)[key];
  for (const [key, value] of kept) setMember(record, key, value);
}

/** Removes what was found: members of objects, and of a list the last item; other items become null. */
export function removeFound(record: JsonObject, found: readonly Found[]): void {
  for (const { path } of found) {
    const parent = parentOf(record, path);
    const key = path.at(-1);
    if (Array.isArray(parent) && typeof key === "number") {
      const list = parent as JsonValue[];
      if (key === list.length - 1) list.pop();
      else if (key < list.length) list[key] = null;
    } else if (isObject(parent)) delete changeable(parent)[String(key)];
  }
}

/** Undefined: an earlier removal took it along. */
function parentOf(record: JsonObject, path: readonly (string | number)[]): JsonValue | undefined {
  let value: JsonValue | undefined = record;
  for (const key of path.slice(0, -1)) {
    if (Array.isArray(value)) value = (value as readonly JsonValue[])[Number(key)];
    else if (isObject(value)) value = value[key];
    else return undefined;
  }
  return value;
}

/** A copy that shares nothing that could be changed. */
function copyOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(copyOf);
  return isObject(value) ? copyOfObject(value) : value;
}

export function copyOfObject(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, member === undefined ? member : copyOf(member)]),
  );
}

export function pathError(message: string): WeirError {
  return new WeirError({
    code: "manifest.path",
    message,
    next: "Correct the path in the manifest so that it fits the records.",
    recovery: "stop",
    origin: "source",
  });
}
