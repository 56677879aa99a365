import { expect, it } from "vitest";
import type { Figures, Outcome } from "../run.ts";
import { replaceResults } from "./document.ts";
import { markdownTable, plainTable, shortfalls, tableRows } from "./table.ts";

const figures: Figures = {
  rowsPerSecond: 500_000,
  seconds: 4,
  cpuSeconds: 1.5,
  serverCpuSeconds: 6.25,
  peakMemoryBytes: 250e6,
  runs: [3.5, 4, 5],
};

const outcome: Outcome = {
  route: "a -> b",
  rows: 2_000_000,
  ratio: 0.875,
  target: 0.9,
  weir: figures,
  limit: { ...figures, name: "by hand" },
  dataColumns: { ...figures, ratio: 0.7 },
  memoryLimitBytes: 200e6,
};

const timed: Outcome = {
  route: "nothing new",
  rows: 2_000_000,
  ratio: 0.8,
  target: 1,
  weir: { ...figures, seconds: 1.25 },
  limit: { seconds: 1 },
  memoryLimitBytes: 300e6,
};

it("has a row for each contender", () => {
  expect(tableRows([outcome]).slice(1)).toEqual([
    ["a -> b, 2,000,000 rows", "Weir", "500,000", "4.00 (3.50-5.00)", "1.50", "6.25", "250", ""],
    ["", "by hand", "500,000", "4.00 (3.50-5.00)", "1.50", "6.25", "250", "0.88 (below 0.9)"],
    ["", "the same, data columns alone", "500,000", "4.00 (3.50-5.00)", "1.50", "6.25", "250", "0.70"],
  ]);
  expect(tableRows([timed])[1]).toEqual([
    "nothing new",
    "Weir",
    "",
    "1.25 (3.50-5.00)",
    "1.50",
    "6.25",
    "250",
    "over 1 s",
  ]);
});

it("says what falls short, and nothing where nothing does", () => {
  expect(shortfalls([outcome, timed])).toEqual([
    "a -> b: 0.88 of the limit, wanted 0.9",
    "a -> b: 250 MB at the peak, wanted 200 MB",
    "nothing new: 1.25 s, wanted 1 s",
  ]);
  expect(shortfalls([{ ...outcome, ratio: 0.9, memoryLimitBytes: 300e6 }])).toEqual([]);
});

it("aligns numbers to the right", () => {
  const rows = [
    ["Route", "", "Rows/s"],
    ["a", "Weir", "1"],
  ];
  expect(plainTable(rows)).toBe("Route        Rows/s\na      Weir       1");
  expect(markdownTable(rows)).toBe("| Route |  | Rows/s |\n| --- | --- | ---: |\n| a | Weir | 1 |");
});

it("replaces what stands between the markers and nothing else", () => {
  const document = [
    "# Head",
    "<!-- results of npm run bench -- --write -->",
    "old",
    "<!-- end of results -->",
    "tail",
  ].join("\n");
  const once = replaceResults(document, "new\n");
  expect(once).toBe(
    "# Head\n<!-- results of npm run bench -- --write -->\n\nnew\n\n<!-- end of results -->\ntail",
  );
  expect(replaceResults(once, "new")).toBe(once);
  expect(() => replaceResults("# Head", "new")).toThrow("lacks the lines");
});
