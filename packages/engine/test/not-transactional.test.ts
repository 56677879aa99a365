import { describe, expect, it } from "vitest";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { SyncResult } from "../src/index.ts";
import { sync } from "../src/index.ts";
import type { SourceSteps } from "./around.ts";
import { sourceAround } from "./around.ts";
import { cancelling, failing, idsIn, memoryStore, once, sceneRequest, span, usersStream } from "./scene.ts";

/** Syncs of one stream to a destination that keeps no checkpoints, with one local copy. */
function scene() {
  const users = usersStream(20);
  const destination = memoryDestination({ transactional: false });
  const store = memoryStore();
  const run = (steps: SourceSteps = {}, signal?: AbortSignal): Promise<SyncResult> =>
    sync(
      sceneRequest({
        source: sourceAround(memorySource({ streams: [users] }), steps),
        destination: destination.connector,
        mode: "incremental_append",
        store,
        ...(signal === undefined ? {} : { request: { signal } }),
      }),
    );
  return { users, destination, run, store };
}

describe("a destination without transactions", () => {
  it("has its syncs numbered by the local copy, those with nothing new too, and none is left out", async () => {
    const { users, destination, run } = scene();
    const seen: [number, number | undefined][] = [];
    for (const count of [20, 20, 50, 50]) {
      users.rows = usersStream(count).rows;
      const result = await run();
      expect([result.status, result.delivery]).toEqual(["succeeded", "at-least-once"]);
      seen.push([result.sync, result.streams[0]?.rows.read]);
    }
    expect(seen).toEqual([
      [1, 20],
      [2, 0],
      [3, 30],
      [4, 0],
    ]);
    expect(idsIn(destination)).toEqual(span(0, 49));
  });

  it.each(["chunk", "discover"] as const)(
    "is gone on with after a cancel in the middle of retries, and never fenced for good (%s)",
    async (step) => {
      const { destination, run, store } = scene();
      const { signal, cancel } = cancelling();
      let left = 3;
      const fails = (): never => {
        left -= 1;
        if (left === 0) cancel();
        throw failing("retry", "source.gone");
      };
      const cancelled = await run({ [step]: fails }, signal);
      expect([cancelled.status, cancelled.attempts]).toEqual(["cancelled", 3]);
      expect(await store.read("test")).toMatchObject({ token: { sync: 1, attempt: 3 } });
      const results = [await run(), await run()];
      expect(results.map(({ status, sync: number }) => [status, number])).toEqual([
        ["succeeded", 1],
        ["succeeded", 2],
      ]);
      expect(idsIn(destination)).toEqual(span(0, 19));
    },
  );

  it("goes on after the last part that was written, at least once", async () => {
    const { users, destination, run } = scene();
    users.rows = usersStream(40).rows;
    const fails = once(() => {
      throw failing("retry", "source.gone");
    });
    const chunk = (): void => {
      if (destination.rows("users").length >= 20) fails();
    };
    const result = await run({ chunk });
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect(new Set(idsIn(destination))).toEqual(new Set(span(0, 39)));
  });
});
