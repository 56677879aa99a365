import { describe, expect, it } from "vitest";
import type { DestinationConnector } from "@weir/protocol";
import { fakeClock, memoryDestination, memorySource } from "@weir/kit/testing";
import type { SyncRequest } from "../src/index.ts";
import { sync } from "../src/index.ts";
import type { DestinationSteps, SourceSteps } from "./around.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { failing, idsIn, sceneRequest, span, usersStream } from "./scene.ts";
import { record, scripted, streamState } from "./script.ts";

const HOUR = 3_600_000;

/** The first call never comes back, the others do their work. */
function hangsOnce<Call extends (...args: never[]) => unknown>() {
  let hung = false;
  return (call: Call, ...args: Parameters<Call>): ReturnType<Call> => {
    if (hung) return call(...args) as ReturnType<Call>;
    hung = true;
    return new Promise(() => {}) as ReturnType<Call>;
  };
}

/** The transaction after the last stream is finished, in which the last word on the sync is committed. */
function lastTransactionHangsOnce(): DestinationSteps {
  let finished = false;
  const hang = hangsOnce<() => Promise<never>>();
  return {
    finish: async (finish, request) => {
      await finish(request);
      finished = true;
    },
    transaction: async (transaction, signal) =>
      finished ? hang(() => transaction(signal) as Promise<never>) : transaction(signal),
  };
}

describe("a destination that gives no answer", () => {
  it.each<readonly [string, () => DestinationSteps]>([
    ["what it holds", () => ({ held: hangsOnce() })],
    ["the fence", () => ({ begin: hangsOnce() })],
    ["a transaction", () => ({ transaction: hangsOnce() })],
    ["a load", () => ({ load: hangsOnce() })],
    ["a commit", () => ({ commit: hangsOnce() })],
    ["finishing a stream", () => ({ finish: hangsOnce() })],
    ["the last word on the sync", lastTransactionHangsOnce],
    ["being closed", () => ({ close: hangsOnce() })],
  ])("to %s is taken for dead, and asked again", async (_what, steps) => {
    const destination = memoryDestination();
    const request = scene(destinationAround(destination.connector, steps()));
    const result = await sync(request);
    expect(result.failure).toBeUndefined();
    expect(idsIn(destination)).toEqual(span(0, 19));
    expect(failuresOf(request)).toEqual(["destination.silent"]);
  });

  it("to a rollback is taken for dead, and asked again", async () => {
    const destination = memoryDestination();
    let loads = 0;
    const steps: DestinationSteps = {
      load: async (load, request) => {
        loads += 1;
        if (loads === 1) throw failing("retry", "destination.gone");
        return load(request);
      },
      rollback: hangsOnce(),
    };
    const request = scene(destinationAround(destination.connector, steps));
    expect((await sync(request)).failure).toBeUndefined();
    expect(idsIn(destination)).toEqual(span(0, 19));
    expect(failuresOf(request)).toEqual(["destination.silent"]);
  });
});

const hangsForChunk = hangsOnce<() => Promise<void>>();

describe("a source that gives no answer", () => {
  it.each<readonly [string, SourceSteps]>([
    ["what it offers", { discover: hangsOnce() }],
    ["being opened", { open: hangsOnce() }],
    ["a reader", { reader: hangsOnce() }],
    ["a chunk", { chunk: () => hangsForChunk(async () => {}) }],
    ["being closed", { close: hangsOnce() }],
  ])("to %s is taken for dead, and asked again", async (_what, steps) => {
    const destination = memoryDestination();
    const source = sourceAround(memorySource({ streams: [usersStream(20)] }), steps);
    const request = scene(destination.connector, source);
    const result = await sync(request);
    expect(result.failure).toBeUndefined();
    expect(idsIn(destination)).toEqual(span(0, 19));
    expect(failuresOf(request)).toEqual(["source.silent"]);
  });
});

describe("a slow destination", () => {
  const clock = fakeClock({ jump: true });
  const slow = (connector: DestinationConnector): DestinationConnector =>
    destinationAround(connector, {
      commit: async (commit, checkpoints) => {
        await clock.sleep(5 * HOUR);
        return commit(checkpoints);
      },
    });
  const request = { clock, limits: { sourceHeartbeatMs: HOUR, destinationTimeoutMs: 10 * HOUR } };

  it("does not look like a dead source, parts given one after the other", async () => {
    const destination = memoryDestination();
    const read = memorySource({ streams: [usersStream(40)], parallel: 2 });
    const asked = sceneRequest({ source: read, destination: slow(destination.connector), request });
    expect([(await sync(asked)).status, failuresOf(asked)]).toEqual(["succeeded", []]);
  });

  it("does not look like a dead source that knows the next part only once the last one is read", async () => {
    const destination = memoryDestination();
    const source = sourceAround(memorySource({ streams: [usersStream(40)] }), {
      parts: async function* (parts, signal) {
        for await (const part of parts(signal)) {
          const done = Promise.withResolvers<void>();
          yield {
            ...part,
            read: (encoding, abort) => {
              setImmediate(done.resolve);
              return part.read(encoding, abort);
            },
          };
          await done.promise;
        }
      },
    });
    const asked = sceneRequest({ source, destination: slow(destination.connector), request });
    expect([(await sync(asked)).status, failuresOf(asked)]).toEqual(["succeeded", []]);
  });

  it("does not look like a dead source of messages", async () => {
    const destination = memoryDestination();
    const source = scripted(["users"], function* () {
      for (const id of [1, 2, 3]) {
        yield record("users", id);
        yield streamState("users", { id });
      }
    });
    const asked = sceneRequest({ source, destination: slow(destination.connector), request });
    expect([(await sync(asked)).status, failuresOf(asked)]).toEqual(["succeeded", []]);
  });

  it("does not look dead itself while its source takes its time", async () => {
    const destination = memoryDestination();
    const source = sourceAround(memorySource({ streams: [usersStream(40)] }), {
      chunk: () => clock.sleep(5 * HOUR),
    });
    const limits = { sourceHeartbeatMs: 10 * HOUR, destinationTimeoutMs: HOUR };
    const asked = sceneRequest({
      source,
      destination: destination.connector,
      request: { clock, limits },
    });
    expect([(await sync(asked)).status, failuresOf(asked)]).toEqual(["succeeded", []]);
  });
});

function scene(
  destination: DestinationConnector,
  source = memorySource({ streams: [usersStream(20)] }),
): ReturnType<typeof sceneRequest> {
  const request: Partial<SyncRequest> = { limits: { cancelGraceMs: 10 } };
  return sceneRequest({ source, destination, mode: "full_refresh_append", request });
}

function failuresOf({ events }: ReturnType<typeof sceneRequest>): readonly string[] {
  return events.flatMap((event) => (event.type === "attempt-failed" ? [event.failure.code] : []));
}
