import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import { canonical } from "./canonical.ts";
import type { Sent } from "./playback.ts";

/** The first difference, in a line; null: equal. */
export type Difference = string | null;

export function compareRequests(expected: Sent, actual: Sent): Difference {
  for (const key of expected.keys()) if (!actual.has(key)) return `missing request ${closestTo(key, actual)}`;
  for (const key of actual.keys()) if (!expected.has(key)) return `extra request ${clip(key)}`;
  for (const [key, headers] of expected) {
    const sent = actual.get(key) ?? new Set();
    for (const each of headers) {
      if (!sent.has(each))
        return `headers of ${clip(key)}: expected ${clip(each)}, sent ${clip([...sent].join(" | "))}`;
    }
    for (const each of sent) {
      if (typeof each === "string" && !headers.has(each))
        return `headers of ${clip(key)}: sent ${clip(each)} too`;
    }
  }
  return null;
}

function closestTo(key: string, actual: Sent): string {
  const extra = [...actual.keys()].find((other) => prefix(other, key) > 12);
  return extra === undefined ? clip(key) : `${clip(key)}; sent ${clip(extra)}`;
}

function prefix(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

export function compareRecords(expected: readonly unknown[], actual: readonly unknown[]): Difference {
  const left = new Map<string, number>();
  for (const record of expected) {
    const key = canonical(record);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const extra: unknown[] = [];
  for (const record of actual) {
    const key = canonical(record);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    else extra.push(record);
  }
  const missing = expected.find((record) => (left.get(canonical(record)) ?? 0) > 0);
  if (missing === undefined && extra.length === 0) return null;
  const counts = `${expected.length} records expected, ${actual.length} read`;
  if (missing === undefined) return `${counts}; extra ${clip(canonical(extra[0]))}`;
  if (extra.length === 0) return `${counts}; missing ${clip(canonical(missing))}`;
  return `${counts}; ${pathOfDifference(missing, extra[0]) ?? ""}`;
}

/** Where two values differ first: path, what was expected, what was there. */
export function pathOfDifference(expected: unknown, actual: unknown, path = ""): Difference {
  if (canonical(expected) === canonical(actual)) return null;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let at = 0; at < Math.max(expected.length, actual.length); at++) {
      const found = pathOfDifference(expected[at], actual[at], `${path}[${at}]`);
      if (found !== null) return found;
    }
  }
  if (isObject(expected) && isObject(actual)) {
    for (const key of [...Object.keys(expected), ...Object.keys(actual)]) {
      if (!Object.hasOwn(expected, key))
        return `${path}.${key}: nothing expected, got ${clip(canonical(actual[key]))}`;
      if (!Object.hasOwn(actual, key))
        return `${path}.${key}: expected ${clip(canonical(expected[key]))}, got nothing`;
      const found = pathOfDifference(expected[key], actual[key], `${path}.${key}`);
      if (found !== null) return found;
    }
  }
  return `${path}: expected ${clip(canonical(expected))}, got ${clip(canonical(actual))}`;
}

export function compareStates(expected: readonly JsonValue[], actual: readonly JsonValue[]): Difference {
  const [last, own] = [expected.at(-1), actual.at(-1)];
  if (last === undefined) return null;
  return pathOfDifference(sortedStates(last), sortedStates(alike(last, own)));
}

/** `lookback_window` is the seconds that a sync took: one more or less is the same. */
function alike(expected: JsonValue, actual: JsonValue | undefined): JsonValue | undefined {
  if (!isObject(expected) || !isObject(actual)) return actual;
  const [wanted, own] = [expected["lookback_window"], actual["lookback_window"]];
  const isNear = typeof wanted === "number" && typeof own === "number" && Math.abs(wanted - own) <= 1;
  return isNear ? { ...actual, lookback_window: wanted } : actual;
}

/** Lists of partitions' states have no order. */
function sortedStates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedStates);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => {
    const inner = sortedStates(member);
    if (key !== "states" || !Array.isArray(inner)) return [key, inner];
    return [key, inner.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1))];
  });
  return Object.fromEntries(members) as unknown;
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
