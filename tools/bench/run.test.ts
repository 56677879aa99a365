import { expect, it } from "vitest";
import type { Measured } from "./measure/command.ts";
import type { Contents, Contender, Route } from "./routes/route.ts";
import { outcomeOf, runRoute } from "./run.ts";

const ran = (seconds: number, peakBytes = 1): Measured => ({
  seconds,
  cpuSeconds: seconds / 2,
  serverCpuSeconds: seconds * 2,
  peakBytes,
  output: "",
});

const contender = (contents: Contents, log: string[] = [], name = ""): Contender => ({
  prepare: async () => void log.push(name),
  commands: [{ argv: ["true"] }],
  contents: async () => contents,
});

const right = { rows: 100, digest: "a" };

const route = (weir: Contender, limit = contender(right)): Route => ({
  name: "here -> there",
  rows: 100,
  memoryBytes: 1000,
  weir,
  limit: { kind: "native", name: "by hand", contender: limit, target: 0.9 },
});

const options = { runs: 3, postmaster: process.pid, note: () => undefined };

it("compares medians of the runs", () => {
  const outcome = outcomeOf(route(contender(right)), {
    limit: [ran(2), ran(90), ran(1)],
    weir: [ran(4, 7), ran(4, 9), ran(100, 8)],
    dataColumns: [ran(1), ran(1), ran(1)],
  });
  expect(outcome).toMatchObject({
    ratio: 0.5,
    target: 0.9,
    limit: { name: "by hand", seconds: 2, rowsPerSecond: 50, cpuSeconds: 1, serverCpuSeconds: 4 },
    weir: { seconds: 4, rowsPerSecond: 25, peakMemoryBytes: 9, runs: [4, 4, 100] },
    dataColumns: { ratio: 0.25, seconds: 1 },
  });
});

it("holds a route without a native limit against a time", () => {
  const timed: Route = { ...route(contender(right)), limit: { kind: "seconds", seconds: 1 } };
  const outcome = outcomeOf(timed, { limit: [], weir: [ran(0.5)], dataColumns: [] });
  expect(outcome).toMatchObject({ ratio: 2, target: 1, limit: { seconds: 1 } });
});

it("lets the contenders take turns", async () => {
  const log: string[] = [];
  const outcome = await runRoute(
    route(contender(right, log, "weir"), contender(right, log, "limit")),
    options,
  );
  expect(log).toEqual(["limit", "weir", "limit", "weir", "limit", "weir"]);
  expect(outcome.weir.runs).toHaveLength(3);
});

it("fails when a run left other rows than it should", async () => {
  await expect(runRoute(route(contender({ rows: 99, digest: "a" })), options)).rejects.toThrow(
    "here -> there, weir: 99 rows at the destination, not 100",
  );
});

it("fails when the values differ from the limit's", async () => {
  await expect(runRoute(route(contender({ rows: 100, digest: "b" })), options)).rejects.toThrow(
    "other values",
  );
});
