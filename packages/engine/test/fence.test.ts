import { describe, expect, it } from "vitest";
import { systemClock } from "@weir/protocol";
import { faultAt, memoryDestination, memorySource } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { failing, idsIn, memoryStore, once, sceneRequest, span, usersStream } from "./scene.ts";

const mode = "full_refresh_append";
const wait = (ms: number): Promise<void> => systemClock.sleep(ms);

describe("two workers for one connection", () => {
  it("the first cannot commit between what the second was told and its fence", async () => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(60)] });
    const told = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const zombie = sync(
      sceneRequest({
        source: sourceAround(source, {
          chunk: ({ nth }) => (nth === 2 ? told.promise : nth === 3 ? begun.promise : undefined),
        }),
        destination: destinationAround(destination.connector, {
          commit: async (commit, checkpoints) => {
            await commit(checkpoints);
            if (destination.rows("users").length === 20) committed.resolve();
          },
        }),
        mode,
        request: { clock: systemClock },
      }),
    );
    await expect.poll(() => destination.rows("users").length).toBe(10);
    const second = await sync(
      sceneRequest({
        source,
        destination: destinationAround(destination.connector, {
          begin: async (begin, request) => {
            told.resolve();
            await committed.promise;
            const notes = await begin(request);
            begun.resolve();
            return notes;
          },
        }),
        mode,
      }),
    );
    expect(second.status).toBe("succeeded");
    expect((await zombie).failure?.code).toBe("destination.fenced");
    expect(idsIn(destination)).toEqual(span(0, 59));
  });

  it("one that waits to try again does not take the fence back", async () => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(60)] });
    const fails = once(() => {
      throw failing("retry", "source.gone");
    });
    const waiting = sync(
      sceneRequest({
        source: sourceAround(source, { chunk: () => fails() }),
        destination: destination.connector,
        mode,
        request: { clock: systemClock, limits: { backoffMinMs: 60 } },
      }),
    );
    await wait(20);
    const second = await sync(
      sceneRequest({
        source: sourceAround(source, { chunk: ({ nth }) => (nth === 5 ? wait(80) : undefined) }),
        destination: destination.connector,
        mode,
        request: { clock: systemClock },
      }),
    );
    const late = await waiting;
    expect([late.status, late.failure?.code]).toEqual(["failed", "destination.fenced"]);
    expect(second.status).toBe("succeeded");
    expect(idsIn(destination)).toEqual(span(0, 59));
  });

  it("one that goes on where the other failed takes over its other streams too", async () => {
    const destination = memoryDestination();
    const memory = memorySource({ streams: [usersStream(40), usersStream(40, "orders")] });
    const streams = ["users", "orders"].map((name) => ({ name, mode }) as const);
    const gate = Promise.withResolvers<void>();
    const first = sync(
      sceneRequest({
        source: sourceAround(memory, {
          chunk: async ({ nth, stream }) => {
            if (nth === 2) await gate.promise;
            if (nth === 2 && stream === "orders") throw failing("retry", "source.gone");
          },
        }),
        destination: destination.connector,
        streams,
        request: { clock: systemClock },
      }),
    );
    await expect.poll(() => destination.rows("orders").length).toBe(10);
    const second = await sync(
      sceneRequest({
        source: sourceAround(memory, { chunk: () => gate.resolve() }),
        destination: destination.connector,
        streams,
      }),
    );
    const surpassed = await first;
    expect([surpassed.failure?.code, surpassed.attempts]).toEqual(["destination.fenced", 1]);
    expect(second.status).toBe("succeeded");
    for (const table of ["users", "orders"]) expect(idsIn(destination, table)).toEqual(span(0, 39));
  });
});

describe("the fence", () => {
  it.each(["fail", "fail after"] as const)(
    "is taken again by its own worker when taking it ends in %s",
    async (fault) => {
      // An attempt takes the fence in its first `begin` and begins the streams in its second.
      for (const nth of [1, 3]) {
        const faults = faultAt("destination.begin", nth, fault);
        const destination = memoryDestination({ faults });
        const fails = once(() => {
          throw failing("retry", "source.gone");
        });
        const source = sourceAround(memorySource({ streams: [usersStream(20)] }), { chunk: () => fails() });
        const result = await sync(sceneRequest({ source, destination: destination.connector, mode }));
        expect([result.failure, result.sync], `begin ${nth}`).toEqual([undefined, 1]);
        expect(idsIn(destination)).toEqual(span(0, 19));
      }
    },
  );

  it("is not taken by a sync that was cancelled before it started", async () => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(20)] });
    const request = { signal: AbortSignal.abort(new Error("the user asked")) };
    const result = await sync(sceneRequest({ source, destination: destination.connector, request }));
    expect(result.status).toBe("cancelled");
    expect(destination.calls).toEqual([]);
  });

  it("is left alone by an attempt that was given up while it was being taken", async () => {
    const destination = memoryDestination();
    const answer = Promise.withResolvers<void>();
    const begins: string[] = [];
    let first = true;
    const slow = destinationAround(destination.connector, {
      begin: async (begin, request) => {
        const late = first;
        first = false;
        if (late) await answer.promise;
        const notes = await begin(request);
        begins.push(`${late ? "late" : "in time"} ${request.token.sync}.${request.token.attempt}`);
        return notes;
      },
      finish: async (finish, request) => {
        answer.resolve();
        await wait(20);
        return finish(request);
      },
    });
    const limits = { destinationTimeoutMs: 200, cancelGraceMs: 10, backoffMinMs: 1 };
    const request = sceneRequest({
      source: memorySource({ streams: [usersStream(20)] }),
      destination: slow,
      mode,
      request: { clock: systemClock, limits },
    });
    const result = await sync(request);
    await wait(20);
    expect([result.failure, result.attempts]).toEqual([undefined, 2]);
    expect(begins).toEqual(["in time 1.2", "in time 1.2"]);
    expect(idsIn(destination)).toEqual(span(0, 19));
  });
});

describe("a failure before the streams begin", () => {
  it("is reported as itself and leaves the sync to be gone on with", async () => {
    const destination = memoryDestination();
    const users = usersStream(20);
    const memory = memorySource({ streams: [users] });
    const store = memoryStore();
    await sync(sceneRequest({ source: memory, destination: destination.connector, store }));
    const refusing = sourceAround(memory, {
      open: async () => {
        throw failing("ask", "source.password");
      },
    });
    const refused = await sync(sceneRequest({ source: refusing, destination: destination.connector, store }));
    expect([refused.status, refused.attempts, refused.failure?.code]).toEqual([
      "failed",
      1,
      "source.password",
    ]);
    users.rows = usersStream(50).rows;
    const mended = await sync(sceneRequest({ source: memory, destination: destination.connector, store }));
    expect(mended.status).toBe("succeeded");
    expect(idsIn(destination)).toEqual(span(0, 49));
  });
});
