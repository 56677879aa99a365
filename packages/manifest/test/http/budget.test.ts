import { describe, expect, test } from "vitest";
import type { Node } from "../../src/component.ts";
import { apiBudget } from "../../src/http/budget.ts";
import type { OutgoingRequest } from "../../src/http/transport.ts";
import { scene, signal, START } from "../components/scene.ts";

const request = (more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: "GET",
  url: "https://x.io/v1/things?a=1",
  headers: { "X-Plan": "free" },
  body: null,
  ...more,
});

function open(...policies: readonly Node[]) {
  const stage = scene({ config: { limit: "3" } });
  const budget = apiBudget(
    {
      type: "HTTPAPIBudget",
      policies,
      ratelimit_reset_header: "X-Reset",
      ratelimit_remaining_header: "X-Left",
    },
    stage.scope,
  );
  return {
    stage,
    budget,
    take: async (times: number, what = request()): Promise<readonly number[]> => {
      const before = stage.slept.length;
      for (let call = 0; call < times; call++) await budget.acquire(what, stage.scope.services, signal);
      return stage.slept.slice(before);
    },
  };
}

const moving = (limit: number | string, interval: string, matchers: readonly Node[] = []): Node => ({
  type: "MovingWindowCallRatePolicy",
  rates: [{ limit, interval }],
  matchers,
});

describe("a moving window", () => {
  test("waits until the first call leaves the window", async () => {
    const { take, stage } = open(moving("{{ config.limit }}", "PT10S"));
    await take(1);
    stage.now += 4000;
    expect(await take(3)).toEqual([6]);
    expect(await take(2)).toEqual([4]);
  });

  test("every rate holds", async () => {
    const { take } = open({
      type: "MovingWindowCallRatePolicy",
      rates: [
        { limit: 2, interval: "PT1S" },
        { limit: 3, interval: "PT1M" },
      ],
      matchers: [],
    });
    expect(await take(4)).toEqual([1, 59]);
  });

  test("a refused call fills it", async () => {
    const { take, budget, stage } = open(moving(5, "PT10S"));
    await take(1);
    budget.update(request(), { status: 429, headers: {} }, stage.now);
    expect(await take(1)).toEqual([10]);
  });

  test("a weight counts as so many calls; more than the limit is refused", async () => {
    const matcher = (weight: number): Node => ({ type: "HttpRequestRegexMatcher", weight });
    expect(await open(moving(4, "PT10S", [matcher(2)])).take(3)).toEqual([10]);
    await expect(open(moving(4, "PT10S", [matcher(5)])).take(1)).rejects.toMatchObject({
      failure: { code: "manifest.budget" },
    });
  });
});

describe("a fixed window", () => {
  const fixed: Node = { type: "FixedWindowCallRatePolicy", period: "PT1M", call_limit: 10, matchers: [] };

  test("follows what the API says is left, and when it resets", async () => {
    const { take, budget, stage } = open(fixed);
    await take(1);
    const reset = String(Math.floor(START / 1000) + 30);
    budget.update(request(), { status: 200, headers: { "x-left": "1", "x-reset": reset } }, stage.now);
    expect(await take(1)).toEqual([]);
    const [wait = 0, ...rest] = await take(1);
    expect(wait).toBeCloseTo(29.877, 3);
    expect(rest.length).toBeLessThanOrEqual(1);
  });

  test("never allows more than the manifest", async () => {
    const { take, budget, stage } = open({ ...fixed, call_limit: 2 });
    await take(2);
    budget.update(request(), { status: 200, headers: { "x-left": "100" } }, stage.now);
    expect(await take(1)).toEqual([864_000, 0.001]);
  });
});

test.each<readonly [Partial<Node>, boolean]>([
  [{ method: "get" }, true],
  [{ method: "POST" }, false],
  [{ url_base: "https://x.io/" }, true],
  [{ url_base: "https://y.io" }, false],
  [{ url_path_pattern: "/things$" }, true],
  [{ url_path_pattern: "^/other" }, false],
  [{ params: { a: 1 } }, true],
  [{ params: { a: 2 } }, false],
  [{ headers: { "x-plan": "free" } }, true],
  [{ headers: { "x-plan": "paid" } }, false],
])("the matcher %j", async (matcher, isMatched) => {
  const { take } = open(moving(1, "PT10S", [{ type: "HttpRequestRegexMatcher", ...matcher }]), {
    type: "UnlimitedCallRatePolicy",
    matchers: [],
  });
  expect(await take(2)).toHaveLength(isMatched ? 1 : 0);
});
