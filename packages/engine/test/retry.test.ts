import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { countFailure, NO_FAILURES, waitBeforeRetry } from "../src/retry.ts";

function waits(pattern: string): (number | undefined)[] {
  let failures = NO_FAILURES;
  return pattern.split("").map((letter) => {
    failures = countFailure(failures, letter === "p");
    return waitBeforeRetry(failures, DEFAULT_LIMITS);
  });
}

describe("retries", () => {
  it("waits 10, 30, 90 and 270 s after complete failures and gives up at the fifth", () => {
    expect(waits("ccccc")).toEqual([10_000, 30_000, 90_000, 270_000, undefined]);
  });

  it("retries partial failures at once, twenty in all", () => {
    expect(waits("p".repeat(20))).toEqual([...Array.from({ length: 19 }, () => 0), undefined]);
  });

  it("starts the succession of complete failures again after a partial one", () => {
    expect(waits("cccpccc")).toEqual([10_000, 30_000, 90_000, 0, 10_000, 30_000, 90_000]);
  });

  it("gives up at ten complete failures in all", () => {
    expect(waits("ccpccpccpccpcc").at(-1)).toBeUndefined();
  });

  it("never waits longer than the limit", () => {
    const failures = { ...NO_FAILURES, complete: 4, completeInSuccession: 4 };
    expect(waitBeforeRetry(failures, { ...DEFAULT_LIMITS, backoffMaxMs: 60_000 })).toBe(60_000);
  });
});
