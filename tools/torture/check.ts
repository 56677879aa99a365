import type { Contents } from "./destinations.ts";

export interface Damage {
  /** Rows of the source that the destination lacks. */
  readonly lost: number;
  /** Rows that stand more often than they should. */
  readonly doubled: number;
  /** Rows the source never had. */
  readonly invented: number;
}

/** Compares multisets: what should stand at the destination against what does. */
export function compare(expected: Contents, found: Contents): Damage {
  let lost = 0;
  let doubled = 0;
  let invented = 0;
  for (const [row, count] of expected) {
    const there = found.get(row) ?? 0;
    lost += Math.max(0, count - there);
    doubled += Math.max(0, there - count);
  }
  for (const [row, count] of found) if (!expected.has(row)) invented += count;
  return { lost, doubled, invented };
}

/** As `compare`, where a row may stand more often than it should. */
export function atLeast(expected: Contents, found: Contents): Damage {
  return { ...compare(expected, found), doubled: 0 };
}

export function times(contents: Contents, factor: number): Contents {
  return new Map([...contents].map(([row, count]) => [row, count * factor]));
}

/** Both multisets together. */
export function plus(left: Contents, right: Contents): Contents {
  const sum = new Map(left);
  for (const [row, count] of right) sum.set(row, (sum.get(row) ?? 0) + count);
  return sum;
}

/** The rows of `now` that `before` does not have: new rows and new versions. */
export function fresh(before: Contents, now: Contents): Contents {
  return new Map([...now].filter(([row]) => !before.has(row)));
}

export const NO_DAMAGE: Damage = { lost: 0, doubled: 0, invented: 0 };

export function addDamage(left: Damage, right: Damage): Damage {
  return {
    lost: left.lost + right.lost,
    doubled: left.doubled + right.doubled,
    invented: left.invented + right.invented,
  };
}

export function isDamaged({ lost, doubled, invented }: Damage): boolean {
  return lost + doubled + invented > 0;
}

function keyOf(row: string): string {
  return row.slice(0, row.indexOf("|"));
}

function versionOf(row: string): string {
  return row.split("|", 2)[1] ?? "";
}

/**
 * The promise for a source that changed between attempts, where a key is known: every key of the source stands exactly
 * once and in its newest version, or for `append` each key of an interrupted load once; keys deleted meanwhile may stay.
 */
export function comparePromise(now: Contents, found: Contents): Damage {
  const current = new Map([...now.keys()].map((row) => [keyOf(row), versionOf(row)]));
  const seen = new Map<string, number>();
  let lost = 0;
  let doubled = 0;
  for (const [row, count] of found) {
    const key = keyOf(row);
    seen.set(key, (seen.get(key) ?? 0) + count);
    const version = current.get(key);
    if (version !== undefined && version !== versionOf(row)) lost += 1;
  }
  for (const count of seen.values()) doubled += count - 1;
  for (const key of current.keys()) if (!seen.has(key)) lost += 1;
  return { lost, doubled, invented: 0 };
}

/** The promise without a key: no key of the source is missing; a row may stand twice. */
export function compareNothingLost(now: Contents, found: Contents): Damage {
  let lost = 0;
  for (const row of now.keys()) if (!found.has(row)) lost += 1;
  return { lost, doubled: 0, invented: 0 };
}
