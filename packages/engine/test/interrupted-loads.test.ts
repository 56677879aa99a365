import { describe, expect, it } from "vitest";
import type { MemoryStream } from "@weir/kit/testing";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { SyncMode, SyncRequest } from "../src/index.ts";
import { resetState, sync } from "../src/index.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { cancelling, failing, idsIn, memoryStore, once, sceneRequest, span, usersStream } from "./scene.ts";

/** Users with a field that is neither key nor cursor, so that it can be left out. */
function notedUsers(): MemoryStream {
  const users = usersStream(40);
  return {
    ...users,
    fields: [...users.fields, { name: "note", kind: "string" }],
    rows: users.rows.map((row) => ({ ...row, note: `note ${Number(row["id"])}` })),
  };
}

/** A scene of a stream `users` of 40 rows, whose syncs can be stopped before a chosen part. */
function scene(mode: SyncMode) {
  const users = notedUsers();
  const destination = memoryDestination();
  const stoppedAt = async (nth: number, request: Partial<SyncRequest> = {}): Promise<void> => {
    const { signal, cancel } = cancelling();
    const source = sourceAround(memorySource({ streams: [users] }), {
      chunk: (place, abort) => {
        if (place.nth === nth) cancel();
        abort.throwIfAborted();
      },
    });
    const result = await sync(
      sceneRequest({ source, destination: destination.connector, mode, request: { ...request, signal } }),
    );
    expect(result.status).toBe("cancelled");
  };
  const toTheEnd = (request: Partial<SyncRequest> = {}, streams?: SyncRequest["connection"]["streams"]) => {
    const source = memorySource({ streams: [users] });
    const choice = streams === undefined ? {} : { streams };
    return sync(sceneRequest({ source, destination: destination.connector, mode, request, ...choice }));
  };
  return { users, destination, stoppedAt, toTheEnd };
}

describe("a refresh that was interrupted", () => {
  it.each(["full_refresh_overwrite", "incremental_append_deduped", "incremental_append"] as const)(
    "before its first part, with %s: a plain sync then reads everything",
    async (mode) => {
      const { destination, stoppedAt, toTheEnd } = scene(mode);
      await stoppedAt(3);
      await stoppedAt(1, { refresh: [{ stream: "users", retain: false }] });
      const plain = await toTheEnd();
      expect(plain.failure).toBeUndefined();
      expect(plain.streams[0]?.rows.read).toBe(40);
      expect(idsIn(destination)).toEqual(span(0, 39));
    },
  );

  it("is remembered by the sync that goes on, stream by stream", async () => {
    const destination = memoryDestination();
    const streams = ["users", "orders"].map((name) => ({ name, mode: "incremental_append" as const }));
    const memory = memorySource({ streams: [usersStream(20), usersStream(20, "orders")] });
    await sync(sceneRequest({ source: memory, destination: destination.connector, streams }));
    const { signal, cancel } = cancelling();
    const stopping = sourceAround(memory, {
      chunk: ({ stream }, abort) => {
        if (stream === "orders") cancel();
        if (stream === "orders") abort.throwIfAborted();
      },
    });
    const refresh = [{ stream: "*", retain: false }];
    await sync(
      sceneRequest({
        source: stopping,
        destination: destination.connector,
        streams,
        request: { signal, refresh, limits: { parallelStreams: 1 } },
      }),
    );
    const plain = await sync(sceneRequest({ source: memory, destination: destination.connector, streams }));
    expect(plain.status).toBe("succeeded");
    for (const table of ["users", "orders"]) {
      expect(idsIn(destination, table)).toEqual(span(0, 19));
      expect(new Set(destination.rows(table).map(({ generation }) => generation))).toEqual(new Set([2]));
    }
  });

  it.each(["incremental_append", "full_refresh_append"] as const)(
    "still replaces, with %s, when the selection changes before it goes on",
    async (mode) => {
      const { destination, stoppedAt, toTheEnd } = scene(mode);
      await toTheEnd();
      await stoppedAt(3, { refresh: [{ stream: "users", retain: false }] });
      const plain = await toTheEnd({}, [{ name: "users", mode, fields: ["id"] }]);
      expect(plain.status).toBe("succeeded");
      expect(idsIn(destination)).toEqual(span(0, 39));
    },
  );

  it.each([
    ["stays", undefined],
    ["changes", ["id"]],
  ])("still empties the table when it was a clear and the selection %s", async (_what, fields) => {
    const { users, destination, toTheEnd } = scene("incremental_append");
    await toTheEnd();
    const { signal, cancel } = cancelling();
    const stopping = destinationAround(destination.connector, {
      finish: async () => {
        cancel();
        throw failing("retry");
      },
    });
    const mode = "incremental_append";
    const request = { signal, clear: ["users"] };
    const source = memorySource({ streams: [users] });
    await sync(sceneRequest({ source, destination: stopping, streams: [{ name: "users", mode }], request }));
    expect(idsIn(destination)).toEqual(span(0, 39));
    const plain = await toTheEnd({}, [{ name: "users", mode, ...(fields === undefined ? {} : { fields }) }]);
    expect([plain.status, plain.sync]).toEqual(["succeeded", 2]);
    expect(idsIn(destination)).toEqual([]);
  });
});

describe("a replacing load that was interrupted", () => {
  const before = { name: "users", mode: "full_refresh_overwrite_deduped" as const, primaryKey: ["id"] };

  it.each([
    ["more fields are selected", { ...before, fields: ["id"] }, before],
    ["fewer fields are selected", before, { ...before, fields: ["id"] }],
    ["the key is another", before, { ...before, primaryKey: ["v"] }],
  ])("begins anew when %s", async (_what, first, second) => {
    const users = notedUsers();
    const destination = memoryDestination();
    const { signal, cancel } = cancelling();
    const stopping = sourceAround(memorySource({ streams: [users] }), {
      chunk: ({ nth }, abort) => {
        if (nth === 3) cancel();
        abort.throwIfAborted();
      },
    });
    const scenery = { destination: destination.connector };
    await sync(sceneRequest({ ...scenery, source: stopping, streams: [first], request: { signal } }));
    const result = await sync(
      sceneRequest({ ...scenery, source: memorySource({ streams: [users] }), streams: [second] }),
    );
    expect(result.streams[0]?.rows.read).toBe(40);
    expect(idsIn(destination)).toEqual(span(0, 39));
    expect(new Set(destination.rows("users").map(({ generation }) => generation))).toEqual(new Set([2]));
    const noted = destination.rows("users").filter(({ data }) => typeof data["note"] === "string");
    expect(noted).toHaveLength("fields" in second ? 0 : 40);
  });

  it("begins anew after a reset of its state: nothing staged before is shown twice", async () => {
    const { destination, stoppedAt, toTheEnd } = scene("full_refresh_overwrite");
    await toTheEnd();
    await stoppedAt(3);
    const connector = destination.connector;
    const context = sceneRequest({ source: memorySource({ streams: [] }), destination: connector });
    await resetState(
      { connection: "test", destination: { connector, config: {} }, store: memoryStore(), context },
      [],
    );
    const result = await toTheEnd();
    expect(result.streams[0]?.rows.read).toBe(40);
    expect(idsIn(destination)).toEqual(span(0, 39));
  });
});

describe("streams that were not reached", () => {
  it("are not forgotten with streams `all`: the first attempt names them", async () => {
    const destination = memoryDestination();
    const fails = once(() => {
      throw failing("retry");
    });
    const source = sourceAround(memorySource({ streams: [usersStream(20), usersStream(20, "orders")] }), {
      chunk: ({ stream }) => (stream === "orders" ? fails() : undefined),
    });
    const request = { limits: { parallelStreams: 1 } };
    const scenery = { source, destination: destination.connector, streams: "all" as const, request };
    const first = await sync(sceneRequest(scenery));
    expect([first.status, first.attempts]).toEqual(["succeeded", 2]);
    expect(idsIn(destination, "orders")).toEqual(span(0, 19));
    expect((await sync(sceneRequest(scenery))).streams).toHaveLength(2);
  });

  it("are named when they vanish from the source before they are complete", async () => {
    const destination = memoryDestination();
    const streams = [usersStream(20), usersStream(20, "orders")];
    const fails = once(() => {
      streams.pop();
      throw failing("retry");
    });
    const source = sourceAround(memorySource({ streams }), {
      chunk: ({ stream, nth }) => (stream === "orders" && nth === 2 ? fails() : undefined),
    });
    const result = await sync(
      sceneRequest({ source, destination: destination.connector, streams: "all" as const }),
    );
    expect(result.notices.join()).toMatch(/orders: its load was interrupted/);
  });
});

describe("a part that fails", () => {
  it("lets the parts before it commit", async () => {
    const destination = memoryDestination();
    const read = Promise.withResolvers<void>();
    const source = sourceAround(memorySource({ streams: [usersStream(40)], parallel: 4 }), {
      chunk: async ({ nth }, signal) => {
        if (nth === 4) {
          setTimeout(read.resolve, 5);
          throw failing("ask");
        }
        await read.promise;
        signal.throwIfAborted();
      },
    });
    const result = await sync(
      sceneRequest({ source, destination: destination.connector, mode: "full_refresh_append" }),
    );
    expect(result.failure?.code).toBe("test.broken");
    expect(idsIn(destination)).toEqual(span(0, 29));
  });

  it("is the last one read, although the source gives another", async () => {
    const failed = Promise.withResolvers<void>();
    const read: number[] = [];
    const source = sourceAround(memorySource({ streams: [usersStream(40)], parallel: 2 }), {
      parts: async function* (parts, signal) {
        for await (const part of parts(signal)) {
          yield part;
          await failed.promise;
        }
      },
      chunk: ({ nth }) => {
        read.push(nth);
        setImmediate(failed.resolve);
        throw failing("ask");
      },
    });
    const { connector } = memoryDestination();
    const result = await sync(sceneRequest({ source, destination: connector }));
    expect([result.failure?.code, read]).toEqual(["test.broken", [1]]);
  });
});
