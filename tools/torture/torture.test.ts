import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { atLeast, compare, compareNothingLost, comparePromise, fresh, plus, times } from "./check.ts";

const run = promisify(execFile);

describe("comparing", () => {
  const contents = (...rows: readonly string[]): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
    return counts;
  };

  it("sees what is lost, doubled and invented", () => {
    expect(compare(contents("1|1", "2|1", "3|1"), contents("1|1", "1|1", "4|1"))).toEqual({
      lost: 2,
      doubled: 1,
      invented: 1,
    });
  });

  it("lets rows stand more often where the promise is at least once", () => {
    expect(atLeast(contents("1|1", "2|1"), contents("1|1", "1|1", "4|1"))).toEqual({
      lost: 1,
      doubled: 0,
      invented: 1,
    });
  });

  it("adds and multiplies multisets", () => {
    expect(plus(contents("1|1"), times(contents("1|1", "2|1"), 2))).toEqual(
      contents("1|1", "1|1", "1|1", "2|1", "2|1"),
    );
    expect(fresh(contents("1|1"), contents("1|2", "1|1"))).toEqual(contents("1|2"));
  });

  it("wants the newest version of each key once", () => {
    expect(comparePromise(contents("1|2", "2|1"), contents("1|2", "2|1", "9|1"))).toMatchObject({
      lost: 0,
      doubled: 0,
    });
    expect(comparePromise(contents("1|2", "2|1"), contents("1|1", "1|2"))).toMatchObject({
      lost: 2,
      doubled: 1,
    });
  });

  it("wants every row of the source where there is no key", () => {
    expect(compareNothingLost(contents("1|2", "2|1"), contents("1|1", "1|2"))).toMatchObject({ lost: 1 });
  });
});

describe("the short form", () => {
  it.each(["postgres", "duckdb", "file"])(
    "kills syncs and servers under %s and loses nothing",
    async (destination) => {
      const args = ["--kills", "5", "--rows", "12000", "--seed", "4", "--json", "--destination", destination];
      const { stdout } = await run(process.execPath, [join(import.meta.dirname, "main.ts"), ...args]);
      const report = JSON.parse(stdout) as {
        readonly kills: number;
        readonly damage: object;
        readonly damaged: readonly string[];
      };
      expect(report.damaged).toEqual([]);
      expect(report.damage).toEqual({ lost: 0, doubled: 0, invented: 0 });
      expect(report.kills).toBeGreaterThanOrEqual(5);
    },
    600_000,
  );

  it("kills syncs and executables and loses nothing", async () => {
    const args = [
      "--child",
      "--kills",
      "4",
      "--rows",
      "12000",
      "--seed",
      "4",
      "--json",
      "--destination",
      "duckdb",
    ];
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "main.ts"), ...args]);
    const report = JSON.parse(stdout) as { readonly kills: number; readonly damaged: readonly string[] };
    expect(report.damaged).toEqual([]);
    expect(report.kills).toBeGreaterThanOrEqual(4);
  }, 600_000);
});
