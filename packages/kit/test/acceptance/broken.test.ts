import { acceptanceRows, destinationSuite, type RowResult, sourceSuite } from "@weir/kit/acceptance";
import { describe, expect, test } from "vitest";
import { brokenDestinations } from "./broken/destinations.ts";
import { goodDestination, goodSource } from "./broken/good.ts";
import { brokenSources } from "./broken/sources.ts";

/** `D24 aliases`: of the row D24, one of several ways to fail it. */
const rowOf = (name: string): string => name.split(" ", 1)[0] ?? name;

const others = (results: readonly RowResult[]) => results.filter(({ outcome }) => outcome !== "passed");

test("a good destination passes every row", async () => {
  const { subject } = await goodDestination();
  expect(others(await Array.fromAsync(destinationSuite(subject)))).toEqual([]);
});

test("a good source passes every row", async () => {
  expect(others(await Array.fromAsync(sourceSuite(goodSource().subject)))).toEqual([]);
});

test("every row has a connector that fails it", () => {
  const broken = [...Object.keys(brokenDestinations), ...Object.keys(brokenSources)];
  const rows = new Set(broken.map(rowOf));
  expect([...rows].toSorted()).toEqual(acceptanceRows.map(({ id }) => id).toSorted());
});

describe("on a broken destination its row fails, and no other", () => {
  test.for(Object.entries(brokenDestinations))("%s", async ([id, { make }]) => {
    const results = await Array.fromAsync(destinationSuite(make(await goodDestination())));
    expect(others(results)).toMatchObject([{ row: rowOf(id), outcome: "failed" }]);
  });
});

describe("on a broken source its row fails, and no other", () => {
  test.for(Object.entries(brokenSources))("%s", async ([id, { make }]) => {
    const results = await Array.fromAsync(sourceSuite(make(goodSource())));
    expect(others(results)).toMatchObject([{ row: rowOf(id), outcome: "failed" }]);
  });
});
