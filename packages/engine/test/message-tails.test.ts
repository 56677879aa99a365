import { describe, expect, it } from "vitest";
import type { Recovery } from "@weir/protocol";
import { memoryDestination } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround } from "./around.ts";
import { cancelling, failing, idsIn, once, sceneRequest, selections } from "./scene.ts";
import { globalState, record, scripted, streamState } from "./script.ts";

/** A destination that fails once, when the step is asked about a stream. */
function failsOnceAt(step: "finish" | "commit", stream: string, recovery: Recovery = "retry") {
  const destination = memoryDestination();
  const fails = once(() => {
    throw failing(recovery, "destination.connection_lost");
  });
  const connector = destinationAround(destination.connector, {
    finish: async (finish, request) => {
      if (step === "finish" && request.stream.key === stream) fails();
      return finish(request);
    },
    commit: async (commit, checkpoints) => {
      if (step === "commit" && checkpoints.some((checkpoint) => checkpoint.stream === stream)) fails();
      return commit(checkpoints);
    },
  });
  return { destination, connector };
}

describe("rows after a message source's last state", () => {
  it.each(["full_refresh_overwrite", "full_refresh_append", "incremental_append"] as const)(
    "stand once though the stream could not be finished at first, with %s",
    async (mode) => {
      const { destination, connector } = failsOnceAt("finish", "users");
      let reads = 0;
      const source = scripted(["users"], function* ({ nth }) {
        reads = nth;
        yield record("users", 1);
        yield record("users", 2);
      });
      const result = await sync(sceneRequest({ source, destination: connector, mode }));
      expect([result.status, result.attempts, reads]).toEqual(["succeeded", 2, 1]);
      expect(idsIn(destination)).toEqual([1, 2]);
    },
  );

  it("stand once though another stream's could not be committed at first", async () => {
    const { destination, connector } = failsOnceAt("commit", "orders");
    const source = scripted(["users", "orders"], function* ({ streams }) {
      for (const stream of streams) yield record(stream, 1);
    });
    const streams = selections("full_refresh_append");
    const result = await sync(sceneRequest({ source, destination: connector, streams }));
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([[1], [1]]);
  });

  it("stand once for each key when the stream is read again for another one's sake", async () => {
    const destination = memoryDestination();
    const { signal, cancel } = cancelling();
    const stopping = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        cancel();
        return finish(request);
      },
    });
    const source = scripted(["users", "orders"], function* ({ streams, shared }) {
      if (shared["at"] === undefined) yield record("users", 1);
      yield globalState({ at: 1 });
      for (const stream of streams) yield record(stream, 2);
    });
    const mode = "incremental_append";
    const alone = { streams: selections(mode, ["users"]), request: { signal } };
    await sync(sceneRequest({ source, destination: stopping, ...alone }));
    const both = { destination: destination.connector, streams: selections(mode) };
    const result = await sync(sceneRequest({ source, ...both }));
    expect([result.status, result.sync]).toEqual(["succeeded", 1]);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([[1, 2], [2]]);
  });
});

describe("an increment that was read to its end and could not be finished", () => {
  it.each(["incremental_append", "incremental_append_deduped"] as const)(
    "is read on by the next sync, which owes what has come since (%s)",
    async (mode) => {
      const { destination, connector } = failsOnceAt("finish", "users", "ask");
      const ids = [1, 2];
      const source = scripted(["users"], function* ({ state }) {
        const [own] = state;
        const at = own?.type === "STREAM" ? Number(own.state) : 0;
        for (const id of ids.slice(at, 2)) yield record("users", id);
        yield streamState("users", Math.min(ids.length, 2));
        for (const id of ids.slice(2)) yield record("users", id);
      });
      ids.push(3);
      const scene = { source, destination: connector, mode };
      expect((await sync(sceneRequest(scene))).status).toBe("failed");
      ids.push(4);
      const next = await sync(sceneRequest(scene));
      expect([next.status, next.sync]).toEqual(["succeeded", 2]);
      expect(idsIn(destination)).toEqual([1, 2, 3, 4]);
    },
  );
});
