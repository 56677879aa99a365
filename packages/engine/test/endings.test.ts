import { describe, expect, it } from "vitest";
import type { DestinationConnector } from "@weir/protocol";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { cancelling, failing, idsIn, once, sceneRequest, selections, span, usersStream } from "./scene.ts";
import { record, scripted } from "./script.ts";

const mode = "full_refresh_overwrite";

/** A destination that does what it is told, cancelled or not. */
function deaf(connector: DestinationConnector): DestinationConnector {
  const { signal } = new AbortController();
  return destinationAround(connector, {
    transaction: (transaction) => transaction(signal),
    load: (load, request) => load({ ...request, signal }),
    finish: (finish, request) => finish({ ...request, signal }),
  });
}

describe("a source that answers a cancel by ending quietly", () => {
  it("is not taken for one that has read to the end, with parts", async () => {
    const destination = memoryDestination();
    const users = usersStream(5);
    const memory = memorySource({ streams: [users] });
    await sync(sceneRequest({ source: memory, destination: destination.connector, mode }));
    users.rows = usersStream(40).rows;
    const { signal, cancel } = cancelling();
    const source = sourceAround(memory, {
      parts: async function* (parts, asked) {
        for await (const part of parts(asked)) {
          if (asked.aborted) return;
          yield part;
          if (destination.calls.at(-1) === "commit users") cancel();
        }
      },
    });
    const result = await sync(
      sceneRequest({ source, destination: deaf(destination.connector), mode, request: { signal } }),
    );
    expect([result.status, result.streams[0]?.status]).toEqual(["cancelled", "broken"]);
    expect(idsIn(destination)).toEqual(span(0, 4));
  });

  it("is not taken for one that has read to the end, with messages", async () => {
    const destination = memoryDestination();
    const { signal, cancel } = cancelling();
    let cancels = false;
    const source = sourceAround(
      scripted(["users"], function* () {
        yield record("users", 1);
        yield record("users", 2);
      }),
      {
        messages: async function* (messages, asked) {
          for await (const message of messages(asked)) {
            if (asked.aborted) return;
            yield message;
            if (cancels) cancel();
            if (cancels) return;
          }
        },
      },
    );
    const scene = { source, destination: deaf(destination.connector), mode } as const;
    await sync(sceneRequest(scene));
    cancels = true;
    const result = await sync(sceneRequest({ ...scene, request: { signal } }));
    expect(result.status).toBe("cancelled");
    expect(idsIn(destination)).toEqual([1, 2]);
    cancels = false;
    expect((await sync(sceneRequest(scene))).streams[0]?.rows.read).toBe(2);
    expect(idsIn(destination)).toEqual([1, 2]);
  });
});

describe("after the result", () => {
  it("nothing more is told, though a connector that was left behind goes on", async () => {
    const destination = memoryDestination();
    const { signal, cancel } = cancelling();
    const gate = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const late = destinationAround(destination.connector, {
      commit: async (commit, checkpoints) => {
        await commit(checkpoints);
        cancel();
        await gate.promise;
      },
      close: async (close) => {
        await close();
        setTimeout(over.resolve, 10);
      },
    });
    const source = memorySource({ streams: [usersStream(40)] });
    const limits = { cancelGraceMs: 10 };
    const request = sceneRequest({
      source,
      destination: late,
      mode: "full_refresh_append",
      request: { signal, limits },
    });
    const result = await sync(request);
    const told = request.events.length;
    gate.resolve();
    await over.promise;
    expect(result.status).toBe("cancelled");
    expect(destination.rows("users")).toHaveLength(10);
    expect(request.events.at(-1)?.type).toBe("finished");
    expect(request.events).toHaveLength(told);
  });
});

describe("verification", () => {
  it("is made up for when an earlier attempt finished the stream and failed to compare it", async () => {
    const destination = memoryDestination();
    const fails = once(() => {
      throw failing("retry", "source.timeout");
    });
    const source = sourceAround(memorySource({ streams: [usersStream(20)] }), {
      reader: async (reader, stream, state) => ({
        ...(await reader(stream, state)),
        measure: async () => {
          fails();
          return { rows: 99 };
        },
      }),
    });
    const result = await sync(
      sceneRequest({ source, destination: destination.connector, mode, request: { verify: "count" } }),
    );
    expect([result.attempts, result.failure?.code]).toEqual([2, "engine.verification_failed"]);
    expect(result.streams[0]?.verified?.source?.rows).toBe(99);
  });

  it("does not ask a message source for streams that are finished", async () => {
    const destination = memoryDestination();
    const fails = once(() => {
      throw failing("retry", "destination.locked");
    });
    const locked = destinationAround(destination.connector, {
      commit: async (commit, checkpoints) => {
        if (checkpoints.some(({ stream }) => stream === "orders")) fails();
        return commit(checkpoints);
      },
      finish: async (finish, request) => {
        await finish(request);
        if (request.stream.key === "orders") throw failing("retry", "destination.locked");
      },
    });
    const source = scripted(["users", "orders"], function* ({ streams }) {
      for (const stream of streams) yield record(stream, 1);
    });
    const result = await sync(
      sceneRequest({
        source,
        destination: locked,
        streams: selections(mode),
        request: { verify: "count" },
      }),
    );
    expect(result.failure).toBeUndefined();
    expect(result.attempts).toBe(3);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([[1], [1]]);
    expect(result.streams.map(({ verified }) => verified?.outcome)).toEqual([
      "not comparable",
      "not comparable",
    ]);
  });
});
