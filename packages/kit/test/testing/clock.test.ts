import { fakeClock } from "@weir/kit/testing";
import { expect, test } from "vitest";

test("sleepers wake in the order of their times, each seeing its own time", async () => {
  const clock = fakeClock({ start: 1000 });
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push([name, clock.now()]);
  };
  const all = [sleep("late", 30), sleep("early", 10), sleep("never", 1000)];
  await clock.advance(9);
  expect(woken).toEqual([]);
  await clock.advance(21);
  expect(woken).toEqual([
    ["early", 1010],
    ["late", 1030],
  ]);
  expect(clock.now()).toBe(1030);
  await clock.advance(970);
  await Promise.all(all);
});

test("one who sleeps again while time passes wakes within the same advance", async () => {
  const clock = fakeClock();
  let turns = 0;
  const ticking = (async () => {
    while (turns < 5) {
      await clock.sleep(10);
      turns += 1;
    }
  })();
  await clock.advance(50);
  await ticking;
  expect(turns).toBe(5);
});

test("a sleep is left with the reason of the abort", async () => {
  const clock = fakeClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  controller.abort(new Error("woken"));
  await expect(sleeping).rejects.toThrow("woken");
  await expect(clock.sleep(10, controller.signal)).rejects.toThrow("woken");
});

test("a jumping clock makes an hour of waits take no time", async () => {
  const clock = fakeClock({ start: 0, jump: true });
  const order: string[] = [];
  await Promise.all([
    clock.sleep(3_600_000).then(() => order.push("hour")),
    clock.sleep(1000).then(() => order.push("second")),
  ]);
  expect(order).toEqual(["second", "hour"]);
  expect(clock.now()).toBe(3_600_000);
});
