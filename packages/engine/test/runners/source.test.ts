import { systemClock } from "@weir/protocol";
import { memoryDestination } from "@weir/kit/testing";
import { describe, expect, it } from "vitest";
import type { SyncMode, SyncRequest } from "../../src/index.ts";
import { sync } from "../../src/index.ts";
import { idsIn, memoryStore, sceneRequest, span } from "../scene.ts";
import { hostile, overhear } from "./executables.ts";

interface Scene {
  readonly names?: readonly string[];
  readonly mode?: SyncMode;
  readonly request?: Partial<SyncRequest>;
}

/** A connection from the hostile source to a destination in memory. */
async function sceneOf(
  what: string,
  { names = ["users"], mode = "incremental_append", request }: Scene = {},
) {
  const destination = memoryDestination();
  const store = memoryStore();
  const source = await hostile("source.mjs").source(overhear().context);
  const run = () => {
    const asked = sceneRequest({
      source,
      destination: destination.connector,
      streams: names.map((name) => ({ name, mode })),
      store,
      request: {
        clock: systemClock,
        limits: { backoffMinMs: 1, completeFailures: 2, partialFailures: 2 },
        ...request,
      },
    });
    return sync({
      ...asked,
      source: { connector: source, config: { do: what, nested: { keys: ["k-42"] } } },
    });
  };
  return { destination, run, ids: (table = "users") => idsIn(destination, table) };
}

describe("an executable as the source of a sync", () => {
  it.each(["well", "garbage", "garbageFlood", "noStates", "silentExit", "control"])(
    "%s: every row once",
    async (what) => {
      const { run, ids } = await sceneOf(what);
      const result = await run();
      expect([result.failure, result.status, result.delivery]).toEqual([
        undefined,
        "succeeded",
        "exactly-once",
      ]);
      expect(ids()).toEqual(what === "silentExit" ? [1] : [1, 2]);
    },
  );

  it("may send states without rows", async () => {
    const { run, ids } = await sceneOf("statesOnly");
    expect((await run()).status).toBe("succeeded");
    expect(ids()).toEqual([]);
  });

  it.each([
    ["unasked", "source.stream_unasked"],
    ["wrongStats", "engine.count_mismatch"],
    ["broken", "connector.protocol"],
    ["half", "connector.protocol"],
    ["tooLarge", "connector.message_too_large"],
    ["exit137", "connector.exited"],
    ["killed", "connector.exited"],
    ["incomplete", "source.stream_incomplete"],
    ["traceError", "source.reported_config_error"],
  ])(
    "%s: fails with %s, and no row without its state is committed",
    async (what, code) => {
      const { run, ids } = await sceneOf(what);
      const result = await run();
      expect([result.status, result.failure?.code]).toEqual(["failed", code]);
      expect([...new Set(ids())]).toEqual(what === "incomplete" ? [1] : []);
    },
    30_000,
  );

  it("that says nothing any more is ended by the watchdog", async () => {
    const limits = { sourceHeartbeatMs: 1500, completeFailures: 1 };
    const { run, ids } = await sceneOf("deaf", { request: { limits } });
    const result = await run();
    expect([result.status, result.failure?.code]).toEqual(["failed", "source.silent"]);
    expect(ids()).toEqual([]);
  }, 30_000);

  it("that was killed goes on after its last state", async () => {
    const { run, ids } = await sceneOf("resumed");
    const result = await run();
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect(ids()).toEqual(span(0, 19));
  });

  it("that dies has completed what it called complete, and nothing else", async () => {
    const { run, ids } = await sceneOf("oneOfTwo", {
      names: ["users", "orders"],
      mode: "full_refresh_overwrite",
    });
    const result = await run();
    expect(result.streams.map(({ stream, status }) => [stream, status])).toEqual([
      ["users", "complete"],
      ["orders", "broken"],
    ]);
    expect([result.status, result.failure?.code]).toEqual(["failed", "connector.exited"]);
    expect(ids()).toEqual([1, 2]);
  });

  it("that tells an error of one stream has moved the others", async () => {
    const { run, ids } = await sceneOf("errorOfOne", { names: ["users", "orders"] });
    const result = await run();
    expect(result.streams.map(({ stream, failure }) => [stream, failure?.message])).toEqual([
      ["users", undefined],
      ["orders", "no rights on orders"],
    ]);
    expect([result.status, ids()]).toEqual(["failed", [1, 2]]);
  });
});
