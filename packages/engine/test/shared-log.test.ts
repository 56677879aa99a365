import { describe, expect, it } from "vitest";
import { memoryDestination } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround } from "./around.ts";
import { cancelling, failing, idsIn, once, sceneRequest, selections } from "./scene.ts";
import type { LogEntry } from "./script.ts";
import { globalState, logSource, record, scripted } from "./script.ts";

describe("a shared position in a log", () => {
  const streams = selections("incremental_append");

  it("does not pass over changes of a stream that an earlier attempt had finished", async () => {
    const log: LogEntry[] = [
      { lsn: 1, stream: "users", id: 1 },
      { lsn: 2, stream: "orders", id: 1 },
    ];
    const destination = memoryDestination();
    const grows = once(() => {
      log.push({ lsn: 3, stream: "users", id: 2 }, { lsn: 4, stream: "orders", id: 2 });
      throw failing("retry", "destination.locked");
    });
    const locked = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        if (request.stream.key === "orders") grows();
        return finish(request);
      },
    });
    const source = logSource(["users", "orders"], log);
    const first = await sync(sceneRequest({ source, destination: locked, streams }));
    expect(first.status).toBe("succeeded");
    log.push({ lsn: 5, stream: "users", id: 3 });
    await sync(sceneRequest({ source, destination: destination.connector, streams }));
    expect(idsIn(destination)).toEqual([1, 2, 3]);
    expect(idsIn(destination, "orders")).toEqual([1, 2]);
  });

  it("does not leave out a finished stream when another one joins the sync that goes on", async () => {
    const log: LogEntry[] = [{ lsn: 1, stream: "users", id: 1 }];
    const destination = memoryDestination();
    const source = logSource(["users", "orders"], log);
    const { signal, cancel } = cancelling();
    const stopping = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        await finish(request);
        log.push({ lsn: 2, stream: "users", id: 2 }, { lsn: 3, stream: "orders", id: 1 });
        cancel();
      },
    });
    const alone = { streams: selections("incremental_append", ["users"]), request: { signal } };
    await sync(sceneRequest({ source, destination: stopping, ...alone }));
    const both = { source, destination: destination.connector, streams };
    expect(await sync(sceneRequest(both))).toMatchObject({ status: "succeeded", sync: 1 });
    log.push({ lsn: 4, stream: "users", id: 3 });
    expect((await sync(sceneRequest(both))).notices).toEqual([]);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([[1, 2, 3], [1]]);
  });

  it("starts a stream anew that was away while it moved on, and says what that does to its rows", async () => {
    const log: LogEntry[] = [
      { lsn: 1, stream: "users", id: 1 },
      { lsn: 2, stream: "orders", id: 1 },
    ];
    const destination = memoryDestination();
    const scene = { source: logSource(["users", "orders"], log), destination: destination.connector };
    await sync(sceneRequest({ ...scene, streams }));
    log.push({ lsn: 3, stream: "users", id: 2 });
    await sync(sceneRequest({ ...scene, streams: selections("incremental_append", ["orders"]) }));
    log.push({ lsn: 4, stream: "users", id: 3 });
    const result = await sync(sceneRequest({ ...scene, streams }));
    expect(new Set(idsIn(destination))).toEqual(new Set([1, 2, 3]));
    expect(result.notices.join()).toMatch(/users: .*read again and appended/);
    expect(result.notices.join()).not.toMatch(/orders/);
  });

  it("says nothing of rows appended again where they are replaced", async () => {
    const log: LogEntry[] = [
      { lsn: 1, stream: "users", id: 1 },
      { lsn: 2, stream: "orders", id: 1 },
    ];
    const destination = memoryDestination();
    const scene = { source: logSource(["users", "orders"], log), destination: destination.connector };
    await sync(sceneRequest({ ...scene, streams }));
    await sync(sceneRequest({ ...scene, streams: selections("incremental_append", ["orders"]) }));
    const request = { refresh: [{ stream: "users", retain: false }] };
    const result = await sync(sceneRequest({ ...scene, streams, request }));
    expect(idsIn(destination)).toEqual([1]);
    expect(result.notices).toEqual([]);
  });

  it("drops what an interrupted refresh had staged when its stream was away meanwhile", async () => {
    const log: LogEntry[] = [
      { lsn: 1, stream: "users", id: 1 },
      { lsn: 2, stream: "orders", id: 1 },
    ];
    const destination = memoryDestination();
    const source = logSource(["users", "orders"], log);
    const scene = { source, destination: destination.connector };
    await sync(sceneRequest({ ...scene, streams }));
    const failsToFinish = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        if (request.stream.key === "users") throw failing("ask");
        return finish(request);
      },
    });
    const request = { refresh: [{ stream: "*", retain: false }] };
    await sync(sceneRequest({ source, destination: failsToFinish, streams, request }));
    log.push({ lsn: 3, stream: "orders", id: 2 });
    await sync(sceneRequest({ ...scene, streams: selections("incremental_append", ["orders"]) }));
    const back = await sync(sceneRequest({ ...scene, streams }));
    expect(back.status).toBe("succeeded");
    expect(idsIn(destination)).toEqual([1]);
  });

  it("leaves a stream empty that was cleared, when another one joins the sync that goes on", async () => {
    const log: LogEntry[] = [
      { lsn: 1, stream: "users", id: 1 },
      { lsn: 2, stream: "orders", id: 1 },
      { lsn: 3, stream: "items", id: 1 },
    ];
    const destination = memoryDestination();
    const source = logSource(["users", "orders", "items"], log);
    const scene = { source, destination: destination.connector };
    await sync(sceneRequest({ ...scene, streams }));
    const { signal, cancel } = cancelling();
    const stopping = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        await finish(request);
        if (request.stream.key === "users") cancel();
      },
    });
    const clear = { signal, clear: ["users"] };
    await sync(sceneRequest({ source, destination: stopping, streams, request: clear }));
    const all = selections("incremental_append", ["users", "orders", "items"]);
    const result = await sync(sceneRequest({ ...scene, streams: all }));
    expect([result.status, result.sync]).toEqual(["succeeded", 2]);
    expect(["users", "orders", "items"].map((table) => idsIn(destination, table))).toEqual([[], [1], [1]]);
  });

  it("is not set back by the last word on the sync when a commit's answer was lost", async () => {
    const destination = memoryDestination();
    const source = scripted(["users"], function* ({ shared }) {
      const at = Number(shared["at"] ?? 0);
      for (const id of [1, 2, 3, 4].filter((each) => each > at)) {
        yield record("users", id);
        if (id % 2 === 0) yield globalState({ at: id });
      }
    });
    const loses = once(() => {
      throw failing("stop", "destination.connection_lost");
    });
    const lossy = destinationAround(destination.connector, {
      commit: async (commit, checkpoints) => {
        await commit(checkpoints);
        if (checkpoints.some(({ document }) => JSON.stringify(document["state"]) === '{"at":4}')) loses();
      },
    });
    const mode = "incremental_append";
    const failed = await sync(sceneRequest({ source, destination: lossy, mode }));
    expect(failed.failure?.code).toBe("destination.connection_lost");
    expect(destination.checkpoint("test", "")).toMatchObject({ status: "failed", state: { at: 4 } });
    await sync(sceneRequest({ source, destination: destination.connector, mode }));
    expect(idsIn(destination)).toEqual([1, 2, 3, 4]);
  });
});
