import { describe, expect, it } from "vitest";
import { memoryDestination } from "@weir/kit/testing";
import type { SyncRequest, SyncResult } from "../src/index.ts";
import { resetState, sync } from "../src/index.ts";
import { idsIn, memoryStore, sceneRequest, selections } from "./scene.ts";
import { globalState, legacyState, record, scripted } from "./script.ts";

/** Two streams with the same growing ids under one state that cannot be divided. */
function scene(form: "LEGACY" | "GLOBAL" = "LEGACY") {
  const data = [1, 2, 3];
  const destination = memoryDestination();
  const source = scripted(["users", "orders"], function* ({ streams, shared }) {
    const at = Number(shared["at"] ?? 0);
    for (const id of data.filter((each) => each > at)) for (const stream of streams) yield record(stream, id);
    const next = { at: data.at(-1) ?? 0 };
    yield form === "LEGACY" ? legacyState(next) : globalState(next);
  });
  const run = (request: Partial<SyncRequest> = {}, names?: readonly string[]): Promise<SyncResult> => {
    const streams = selections("incremental_append", names);
    return sync(sceneRequest({ source, destination: destination.connector, streams, request }));
  };
  const reset = (names: readonly string[]): Promise<readonly string[]> => {
    const { connector } = destination;
    const context = sceneRequest({ source, destination: connector });
    return resetState(
      { connection: "test", destination: { connector, config: {} }, store: memoryStore(), context },
      names,
    );
  };
  return { data, destination, run, reset };
}

describe("a state that cannot be divided", () => {
  it("refuses to refresh some of its streams, before anything is changed", async () => {
    const { data, destination, run } = scene();
    await run();
    data.push(4);
    const refused = await run({ refresh: [{ stream: "users", retain: false }] });
    expect([refused.failure?.code, refused.attempts]).toEqual(["config.legacy_state_shared", 1]);
    expect(idsIn(destination)).toEqual([1, 2, 3]);
    expect((await run()).status).toBe("succeeded");
    expect(idsIn(destination)).toEqual([1, 2, 3, 4]);
  });

  it("refuses a stream that joins later", async () => {
    const { run } = scene();
    await run({}, ["users"]);
    expect((await run()).failure?.code).toBe("config.legacy_state_shared");
  });

  it("reads everything when all are refreshed", async () => {
    const { data, destination, run } = scene();
    await run();
    data.push(4);
    expect((await run({ refresh: [{ stream: "*", retain: false }] })).status).toBe("succeeded");
    for (const table of ["users", "orders"]) expect(idsIn(destination, table)).toEqual([1, 2, 3, 4]);
  });

  it.each(["LEGACY", "GLOBAL"] as const)(
    "goes with the rows when all are cleared: the next sync reads all (%s)",
    async (form) => {
      const { data, destination, run } = scene(form);
      await run();
      expect((await run({ clear: ["*"] })).status).toBe("succeeded");
      expect(idsIn(destination)).toEqual([]);
      data.push(4);
      const next = await run();
      expect([next.status, next.notices]).toEqual(["succeeded", []]);
      for (const table of ["users", "orders"]) expect(idsIn(destination, table)).toEqual([1, 2, 3, 4]);
    },
  );

  it("refuses a reset of some of its streams and takes one of all", async () => {
    const { destination, run, reset } = scene();
    await run();
    await expect(reset(["users"])).rejects.toMatchObject({ failure: { code: "config.legacy_state_shared" } });
    expect(destination.checkpoint("test", "")).toMatchObject({ state: { at: 3 } });
    expect(await reset([])).toEqual(["users", "orders"]);
    await run({ refresh: [{ stream: "*", retain: false }] });
    expect(idsIn(destination)).toEqual([1, 2, 3]);
  });
});
