import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@weir/protocol";
import { ExactNumber, stringifyJson } from "@weir/protocol";

const SHOWN = 400;

function shown(value: unknown): string {
  const text = stringifyJson(value as JsonValue | undefined) ?? "nothing";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

export function expect(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: ${shown(actual)}, not ${shown(expected)}`);
  }
}

/** Both sides in one order: rows have none. */
export function expectSame(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const sorted = (list: readonly unknown[]): readonly string[] =>
    list.map((item) => stableText(item as JsonValue)).toSorted();
  const [left, right] = [sorted(actual), sorted(expected)];
  if (isDeepStrictEqual(left, right)) return;
  const rest = (of: readonly string[], without: readonly string[]): readonly string[] => {
    const counts = new Map<string, number>();
    for (const text of without) counts.set(text, (counts.get(text) ?? 0) + 1);
    return of.filter((text) => {
      const count = counts.get(text) ?? 0;
      counts.set(text, count - 1);
      return count <= 0;
    });
  };
  const [extra, missing] = [rest(left, right), rest(right, left)];
  throw new Error(
    `${what}: ${extra.length} too many, ${missing.length} missing of ${right.length}; ` +
      `too many ${shown(extra[0])}; missing ${shown(missing[0])}`,
  );
}

/** JSON text with the members of objects in one order. */
export function stableText(value: JsonValue | undefined): string {
  const sorted = (item: JsonValue | undefined): JsonValue => {
    if (Array.isArray(item)) return (item as readonly JsonValue[]).map(sorted);
    if (typeof item !== "object" || item === null || item instanceof ExactNumber) return item ?? null;
    const members = Object.entries(item as Readonly<Record<string, JsonValue>>);
    return Object.fromEntries(
      members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
    );
  };
  return stringifyJson(sorted(value));
}
