import type { Cassette } from "./cassette.ts";
import { isScored } from "./cassette.ts";

export const MEASURES = ["spec", "check", "catalog", "requests", "records", "states", "second"] as const;

export type Measure = (typeof MEASURES)[number];

export interface Count {
  readonly equal: number;
  readonly of: number;
}

export type Counts = Readonly<Record<Measure, Count>>;

/** One thing compared: a stream's read, or the connector's spec, check or catalog. */
export interface Verdict {
  readonly measure: Measure;
  readonly stream: string | null;
  /** Null: equal. */
  readonly difference: string | null;
}

export interface ConnectorScore {
  readonly connector: string;
  readonly isCustom: boolean;
  readonly counts: Counts;
  readonly verdicts: readonly Verdict[];
  readonly seconds: number;
}

export function scoreOf(cassette: Cassette, verdicts: readonly Verdict[], seconds: number): ConnectorScore {
  return {
    connector: cassette.connector,
    isCustom: Boolean(cassette.custom_code),
    counts: countsOf(verdicts),
    verdicts,
    seconds,
  };
}

function countsOf(verdicts: readonly Verdict[]): Counts {
  return byMeasure((measure) => {
    const own = verdicts.filter((verdict) => verdict.measure === measure);
    return { equal: own.filter(({ difference }) => difference === null).length, of: own.length };
  });
}

/** What is scored of a cassette, all of it failed for one reason. */
export function allFailed(cassette: Cassette, reason: string): readonly Verdict[] {
  if (!isScored(cassette)) return [];
  const verdicts: Verdict[] = [
    { measure: "spec", stream: null, difference: reason },
    { measure: "catalog", stream: null, difference: reason },
  ];
  if (cassette.check?.clean === true) verdicts.push({ measure: "check", stream: null, difference: reason });
  for (const [stream, { clean, second }] of Object.entries(cassette.streams ?? {})) {
    if (clean) {
      for (const measure of ["requests", "records", "states"] as const)
        verdicts.push({ measure, stream, difference: reason });
    }
    if (second?.clean === true) verdicts.push({ measure: "second", stream, difference: reason });
  }
  return verdicts;
}

export function totalsOf(scores: readonly ConnectorScore[]): Counts {
  return byMeasure((measure) => ({
    equal: scores.reduce((sum, { counts }) => sum + counts[measure].equal, 0),
    of: scores.reduce((sum, { counts }) => sum + counts[measure].of, 0),
  }));
}

function byMeasure(count: (measure: Measure) => Count): Counts {
  return Object.fromEntries(MEASURES.map((measure) => [measure, count(measure)])) as unknown as Counts;
}
