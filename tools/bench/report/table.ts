import type { Figures, Outcome } from "../run.ts";

const HEAD = ["Route", "", "Rows/s", "Seconds", "Client CPU s", "Server CPU s", "Peak MB", "Weir by this"];

/** One row for each contender, as texts; the first row is the head. */
export function tableRows(outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  return [HEAD, ...outcomes.flatMap(rowsOf)];
}

function rowsOf(outcome: Outcome): readonly (readonly string[])[] {
  const { route, limit, weir, dataColumns, ratio, target } = outcome;
  if (!("runs" in limit)) {
    const verdict = ratio >= target ? `under ${limit.seconds} s` : `over ${limit.seconds} s`;
    return [[route, "Weir", "", ...figures(weir), verdict]];
  }
  const share = `${ratio.toFixed(2)}${ratio >= target ? "" : ` (below ${target})`}`;
  return [
    [`${route}, ${count(outcome.rows)} rows`, "Weir", count(weir.rowsPerSecond), ...figures(weir), ""],
    ["", limit.name, count(limit.rowsPerSecond), ...figures(limit), share],
    ...(dataColumns === undefined
      ? []
      : [
          [
            "",
            "the same, data columns alone",
            count(dataColumns.rowsPerSecond),
            ...figures(dataColumns),
            dataColumns.ratio.toFixed(2),
          ],
        ]),
  ];
}

function figures({
  seconds,
  runs,
  cpuSeconds,
  serverCpuSeconds,
  peakMemoryBytes,
}: Figures): readonly string[] {
  const spread = `${Math.min(...runs).toFixed(2)}-${Math.max(...runs).toFixed(2)}`;
  return [
    `${seconds.toFixed(2)} (${spread})`,
    cpuSeconds.toFixed(2),
    serverCpuSeconds.toFixed(2),
    String(Math.round(peakMemoryBytes / 1e6)),
  ];
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** What falls short, a line each. */
export function shortfalls(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ route, ratio, target, weir, limit, memoryLimitBytes }) => [
    ...(ratio >= target
      ? []
      : [
          "runs" in limit
            ? `${route}: ${ratio.toFixed(2)} of the limit, wanted ${target}`
            : `${route}: ${weir.seconds.toFixed(2)} s, wanted ${limit.seconds} s`,
        ]),
    ...(weir.peakMemoryBytes <= memoryLimitBytes
      ? []
      : [
          `${route}: ${Math.round(weir.peakMemoryBytes / 1e6)} MB at the peak, wanted ${memoryLimitBytes / 1e6} MB`,
        ]),
  ]);
}

/** For a terminal. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < 2 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
