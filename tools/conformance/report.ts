import type { ConnectorScore, Counts } from "./score.ts";
import { MEASURES, totalsOf } from "./score.ts";

export interface Report {
  readonly totals: Counts;
  readonly connectors: Readonly<Record<string, Counts>>;
}

export function reportOf(scores: readonly ConnectorScore[]): Report {
  return {
    totals: totalsOf(scores),
    connectors: Object.fromEntries(scores.map(({ connector, counts }) => [connector, counts])),
  };
}

/** For people: what differs, then connector by connector, then the totals. */
export function tableOf(scores: readonly ConnectorScore[]): readonly string[] {
  const width = Math.max(12, ...scores.map(({ connector }) => connector.length));
  const row = (name: string, counts: Counts): string =>
    [name.padEnd(width), ...MEASURES.map((measure) => cell(counts, measure))].join(" ");
  const head = ["".padEnd(width), ...MEASURES.map((measure) => measure.padStart(11))].join(" ");
  return [
    ...scores.flatMap(differencesOf),
    "",
    head,
    ...scores
      .filter(({ counts }) => MEASURES.some((measure) => counts[measure].equal < counts[measure].of))
      .map(({ connector, counts }) => row(connector, counts)),
    "",
    head,
    row("pure YAML", totalsOf(scores.filter(({ isCustom }) => !isCustom))),
    row("custom code", totalsOf(scores.filter(({ isCustom }) => isCustom))),
    row("all", totalsOf(scores)),
  ];
}

function cell(counts: Counts, measure: (typeof MEASURES)[number]): string {
  const { equal, of } = counts[measure];
  return `${equal}/${of}`.padStart(11);
}

function differencesOf({ connector, isCustom, verdicts }: ConnectorScore): readonly string[] {
  const lines = new Map<string, string>();
  for (const { measure, stream, difference } of verdicts) {
    if (difference === null) continue;
    const place = stream ?? measure;
    if (!lines.has(place))
      lines.set(place, `${connector}${isCustom ? " (custom)" : ""} ${place}: ${measure}: ${difference}`);
  }
  return [...lines.values()];
}
