import { faultAt, type FaultPoint, randomFaults, seededRandom } from "@weir/kit/testing";
import { expect, test } from "vitest";

test("a fault comes at the nth passing of its point, once", () => {
  const faults = faultAt("destination.commit", 2, "crash");
  const points: FaultPoint[] = [
    "destination.commit",
    "source.chunk",
    "destination.commit",
    "destination.commit",
  ];
  expect(points.map(faults)).toEqual([undefined, undefined, "crash", undefined]);
});

test("random faults are decided by the seed and come to an end", () => {
  const run = (seed: number): unknown[] => {
    const faults = randomFaults(seededRandom(seed), 0.5, 3);
    return Array.from({ length: 50 }, () => faults("source.chunk"));
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  expect(run(1).filter((fault) => fault !== undefined)).toHaveLength(3);
});

test("random numbers fill the range evenly", () => {
  const random = seededRandom(7);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 10_000; i++) {
    const bucket = Math.floor(random() * 10);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(900);
  expect(Math.max(...counts)).toBeLessThan(1100);
});
