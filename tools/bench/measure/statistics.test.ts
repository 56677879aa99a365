import { expect, it } from "vitest";
import { median } from "./statistics.ts";

it("takes the middle, by size and not by text", () => {
  expect(median([9, 100, 20])).toBe(20);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

it("has no median of nothing", () => {
  expect(() => median([])).toThrow("no values");
});
