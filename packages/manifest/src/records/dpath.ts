import { isObject, type JsonValue } from "@weir/protocol";
import { globMatcher, isGlob } from "./glob.ts";
import { everything, type Found, pathError } from "./members.ts";

/** A path of keys, list positions and patterns into JSON, compiled once. */
export interface Dpath {
  /** Whether one part is `*` by itself: such a path is read with `values`. */
  readonly isWild: boolean;
  /** What is there; undefined: nothing. Fails with `manifest.path` when patterns fit more than one place. */
  get(root: JsonValue): JsonValue | undefined;
  /** All that fits, in the order of the data. */
  values(root: JsonValue): readonly JsonValue[];
  found(root: JsonValue): readonly Found[];
}

/** One part: whether it fits a key of an object, and a position in a list. */
interface Part {
  /** Undefined: it is no one key. */
  readonly key: string | undefined;
  /** Undefined: it is no one position. Negative counts from the end. */
  readonly position: number | undefined;
  /** Every key and position is looked at. */
  readonly isAny: boolean;
  fits(key: string): boolean;
}

export function dpath(parts: readonly JsonValue[]): Dpath {
  const stars = parts.filter((part) => part === "**").length;
  if (stars > 1) throw pathError("A path has ** more than once.");
  const isWild = parts.includes("*");
  if (stars === 1) return searching(isWild, deepSearch(parts));
  const compiled = parts.map(partOf);
  return compiled.every((part) => !part.isAny)
    ? plainPath(compiled)
    : searching(isWild, (root) => search(root, compiled));
}

function plainPath(parts: readonly Part[]): Dpath {
  const get = (root: JsonValue): JsonValue | undefined => {
    let value: JsonValue | undefined = root;
    for (const part of parts) {
      value = Array.isArray(value) ? itemAt(value, part.position) : memberAt(value, part.key);
      if (value === undefined) return undefined;
    }
    return value;
  };
  return {
    isWild: false,
    get,
    values: (root) => {
      const value = get(root);
      return value === undefined ? [] : [value];
    },
    found: (root) => search(root, parts),
  };
}

function searching(isWild: boolean, found: (root: JsonValue) => readonly Found[]): Dpath {
  return {
    isWild,
    found,
    values: (root) => found(root).map(({ value }) => value),
    get: (root) => {
      const all = found(root);
      if (all.length > 1) throw pathError("A path with a pattern fits more than one field.");
      return all[0]?.value;
    },
  };
}

/** `**` stands for any number of parts, none too. */
function deepSearch(parts: readonly JsonValue[]): (root: JsonValue) => readonly Found[] {
  const at = parts.indexOf("**");
  const before = parts.slice(0, at).map(partOf);
  const after = parts.slice(at + 1).map(partOf);
  return (root) =>
    everything(root).filter(({ path }) => {
      const start = path.length - after.length;
      if (start < before.length) return false;
      return (
        before.every((part, index) => fitsKey(part, path[index])) &&
        after.every((part, index) => fitsKey(part, path[start + index]))
      );
    });
}

function search(root: JsonValue, parts: readonly Part[]): readonly Found[] {
  let level: readonly Found[] = [{ path: [], value: root }];
  for (const part of parts) {
    const next: Found[] = [];
    for (const { path, value } of level)
      for (const [key, member] of membersFor(value, part)) next.push({ path: [...path, key], value: member });
    level = next;
  }
  return level;
}

function membersFor(value: JsonValue, part: Part): Iterable<readonly [string | number, JsonValue]> {
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    if (part.isAny) return [...items.entries()].filter(([index]) => part.fits(String(index)));
    const item = itemAt(items, part.position);
    return item === undefined ? [] : [[positionIn(items, part.position), item]];
  }
  if (!isObject(value)) return [];
  if (part.isAny)
    return Object.entries(value).filter(
      (entry): entry is [string, JsonValue] => entry[1] !== undefined && part.fits(entry[0]),
    );
  const member = memberAt(value, part.key);
  return member === undefined ? [] : [[part.key ?? "", member]];
}

const NOTHING: Part = { key: undefined, position: undefined, isAny: false, fits: () => false };

/** A number is a position only, never a key; a text of digits is either. */
function partOf(part: JsonValue): Part {
  if (typeof part === "number" && Number.isSafeInteger(part)) return { ...NOTHING, position: part };
  if (typeof part !== "string") return NOTHING;
  if (isGlob(part)) return { ...NOTHING, isAny: true, fits: globMatcher(part) };
  const position = /^[+-]?\d{1,15}$/.test(part) ? Number(part) : undefined;
  return { key: part, position, isAny: false, fits: (key) => key === part };
}

function fitsKey(part: Part, key: string | number | undefined): boolean {
  if (typeof key === "number") return part.isAny ? part.fits(String(key)) : part.position === key;
  return key !== undefined && part.fits(key);
}

function memberAt(value: JsonValue, key: string | undefined): JsonValue | undefined {
  return key !== undefined && isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function itemAt(items: readonly JsonValue[], position: number | undefined): JsonValue | undefined {
  return position === undefined ? undefined : items[positionIn(items, position)];
}

function positionIn(items: readonly JsonValue[], position = -1): number {
  return position < 0 ? position + items.length : position;
}
