import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ATTEMPT, next, STREAM, SYNC } from "../src/states.ts";

type AnyTable = Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;

/** The table of SPEC.md whose first header cell is `name`, one entry for each state and event with a target. */
function specTable(name: string): AnyTable {
  const lines = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8").split("\n");
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex(
    (line, at) => cells(line)[0] === name && /^\|[-| ]+$/.test(lines[at + 1] ?? ""),
  );
  const [, ...events] = cells(lines[start] ?? "");
  const table: Record<string, Record<string, string>> = {};
  for (let at = start + 2; lines[at]?.startsWith("|"); at += 1) {
    const [states = "", ...targets] = cells(lines[at] ?? "");
    for (const state of states.split(", ")) {
      table[state] = Object.fromEntries(
        targets.flatMap((target, column) =>
          target === "·" ? [] : [[events[column], target === "same" ? state : target]],
        ),
      ) as Record<string, string>;
    }
  }
  return table;
}

describe("states", () => {
  it.each([
    ["sync", SYNC],
    ["attempt", ATTEMPT],
    ["stream", STREAM],
  ])("the %s table is the one SPEC.md prints", (name, table) => {
    expect(table).toEqual(specTable(name));
  });

  it("refuses a pair the table leaves out", () => {
    expect(() => next(STREAM, "complete", "begin")).toThrow(/complete.*begin/);
  });

  it("cites every invariant of SPEC.md where the code enforces it", () => {
    const spec = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8");
    const invariants = [...spec.matchAll(/^- \*\*\[(I\d+)\]/gm)].map((match) => match[1] ?? "");
    expect(invariants.length).toBeGreaterThan(10);
    const folder = fileURLToPath(new URL("../src", import.meta.url));
    const sources = globSync("**/*.ts", { cwd: folder })
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("\n");
    expect(invariants.filter((name) => !sources.includes(`[${name}]`))).toEqual([]);
  });
});
