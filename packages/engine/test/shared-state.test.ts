import { describe, expect, it } from "vitest";
import { memoryDestination } from "@weir/kit/testing";
import type { StreamSelection, SyncMode } from "../src/index.ts";
import { sync } from "../src/index.ts";
import { destinationAround } from "./around.ts";
import { cancelling, failing, idsIn, sceneRequest, selections } from "./scene.ts";
import { globalState, legacyState, record, scripted, status } from "./script.ts";

describe("one state for several streams", () => {
  it("a stream that is incomplete takes the others with it: none is finished without its rows", async () => {
    const destination = memoryDestination();
    const source = scripted(["users", "orders"], function* ({ nth, streams }) {
      if (streams.includes("users")) for (const id of [1, 2, 3]) yield record("users", id);
      if (streams.includes("users")) yield status("users", "COMPLETE");
      yield record("orders", 1);
      yield legacyState({ at: nth });
      if (streams.includes("users")) yield record("users", 4);
      if (nth === 3) yield record("orders", 2);
      yield status("orders", nth < 3 ? "INCOMPLETE" : "COMPLETE");
    });
    const streams = selections("full_refresh_overwrite");
    const result = await sync(sceneRequest({ source, destination: destination.connector, streams }));
    expect(result.status).toBe("succeeded");
    expect(idsIn(destination)).toEqual([1, 2, 3, 4]);
    expect(idsIn(destination, "orders")).toEqual([1, 2]);
  });

  it("holds for an incomplete stream that ends before any state, once the form is known", async () => {
    const destination = memoryDestination();
    let whole = true;
    const source = scripted(["users", "orders"], function* ({ nth, streams }) {
      for (const stream of streams) yield record(stream, 1);
      yield status("orders", whole || nth > 3 ? "COMPLETE" : "INCOMPLETE");
      if (whole) yield globalState({ lsn: 1 });
    });
    const streams = selections("full_refresh_overwrite");
    const scene = { source, destination: destination.connector, streams };
    await sync(sceneRequest(scene));
    whole = false;
    const result = await sync(sceneRequest(scene));
    expect(result.status).toBe("succeeded");
    for (const table of ["users", "orders"]) expect(idsIn(destination, table)).toEqual([1]);
  });

  it("a full refresh beside change data capture is not doubled by rows no state of its own covers", async () => {
    const destination = memoryDestination();
    const source = scripted(["users", "orders"], function* ({ nth, shared }) {
      yield record("orders", 1);
      if (shared["lsn"] === undefined) yield record("users", 1);
      yield globalState({ lsn: 1 }, { users: { snapshot: "done" } });
      yield record("orders", 2);
      if (nth === 2) throw failing("retry", "source.gone");
      yield globalState({ lsn: 2 }, { users: { snapshot: "done" } });
    });
    const streams = [
      { name: "users", mode: "incremental_append" as const },
      { name: "orders", mode: "full_refresh_overwrite" as const },
    ];
    const result = await sync(sceneRequest({ source, destination: destination.connector, streams }));
    expect(result.status).toBe("succeeded");
    expect(idsIn(destination, "orders")).toEqual([1, 2]);
    expect(idsIn(destination)).toEqual([1]);
  });
});

describe("an attempt that reads only full refreshes", () => {
  it.each(["LEGACY", "GLOBAL"] as const)(
    "leaves the %s state alone that covers the finished increments",
    async (form) => {
      const destination = memoryDestination();
      const source = scripted(["users", "orders"], function* ({ streams, shared }) {
        const at = Number(shared["at"] ?? 0);
        for (const id of [1, 2].filter((each) => each > at && streams.includes("users")))
          yield record("users", id);
        if (streams.includes("orders")) yield record("orders", 1);
        const next = streams.includes("users") ? { at: 2 } : { read: "orders" };
        yield form === "LEGACY" ? legacyState(next) : globalState(next);
      });
      const { signal, cancel } = cancelling();
      const stopping = destinationAround(destination.connector, {
        finish: async (finish, request) => {
          if (request.stream.key === "orders") cancel();
          return finish(request);
        },
      });
      const streams = (mode: SyncMode): readonly StreamSelection[] => [
        { name: "users", mode: "incremental_append" },
        { name: "orders", mode },
      ];
      const stopped = { streams: streams("full_refresh_overwrite"), request: { signal } };
      await sync(sceneRequest({ source, destination: stopping, ...stopped }));
      // The mode is another, so that one stream is read anew while the other only has to be finished.
      const rest = { destination: destination.connector, streams: streams("full_refresh_append") };
      const first = await sync(sceneRequest({ source, ...rest }));
      expect([first.status, first.sync]).toEqual(["succeeded", 1]);
      expect(destination.checkpoint("test", "")).toMatchObject({ state: { at: 2 }, covers: ["users"] });
      const second = await sync(sceneRequest({ source, ...rest }));
      expect(second.notices).toEqual([]);
      expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([
        [1, 2],
        [1, 1],
      ]);
    },
  );
});
