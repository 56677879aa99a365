import { expect, it } from "vitest";
import { familyOf, parsePeakBytes, parseStat, timesOf } from "./proc.ts";

it("reads times from a stat file whose name holds blanks and parentheses", () => {
  const text =
    "4242 (postgres: io (worker) 1) S 77 4242 4242 0 -1 4194560 900 5 0 0 250 50 1000 25 20 0 1 0 815 220000000 5000\n";
  expect(parseStat(text)).toEqual({ parent: 77, ownSeconds: 3, waitedSeconds: 10.25 });
});

it("refuses what is no stat file", () => {
  expect(() => parseStat("")).toThrow("not a stat file");
  expect(() => parseStat("1 (init) S 0")).toThrow("not a stat file");
});

it("reads the high-water mark of memory", () => {
  expect(parsePeakBytes("Name:\tnode\nVmPeak:\t 900000 kB\nVmHWM:\t  123456 kB\nVmRSS:\t  1000 kB\n")).toBe(
    123_456 * 1024,
  );
  expect(parsePeakBytes("Name:\tzombie\nState:\tZ (zombie)\n")).toBe(0);
});

it.runIf(process.platform === "linux")("knows this process and its parent", () => {
  expect(timesOf(process.pid)?.parent).toBe(process.ppid);
  expect(familyOf(process.ppid)).toContain(process.pid);
});
