import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { ColumnBatch, Message } from "@weir/protocol";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { DestinationSteps } from "./around.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { sceneRequest, selections, usersStream } from "./scene.ts";
import { record, scripted, streamState } from "./script.ts";
import { sync } from "../src/index.ts";

const MEGABYTE = 1024 * 1024;
const WIDTH = 200 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are still reachable. */
function bytesHeld(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Wide records in turn for each stream, made as they are asked for. */
function* wideRecords(streams: readonly string[], rows: number): Generator<Message> {
  for (let id = 0; id < rows; id += 1) {
    const v = Buffer.alloc(WIDTH, 97 + (id % 26)).toString("latin1");
    yield record(streams[id % streams.length] ?? "", id, { v });
  }
}

/** Reads every row, keeps none, and tells each load after it was read. */
function keepsNothing(loaded: (rows: number) => void): DestinationSteps {
  return {
    load: async (_load, { read }) => {
      let bytes = 0;
      if (read.form === "batches") for await (const batch of read.chunks) bytes += batch.bytes;
      const received = read.rows();
      loaded(received);
      return { received, written: received, rejected: 0, changed: 0, bytes };
    },
  };
}

describe("memory [I12]", () => {
  it.each([
    ["300 MB of one stream whose only state comes last", ["users"], 1536],
    ["100 MB of two streams in turn whose states come last", ["users", "orders"], 512],
  ] as const)("of a message session stays bounded: %s", async (_what, names, count) => {
    const source = scripted(names, function* () {
      yield* wideRecords(names, count);
      for (const name of names) yield streamState(name, { at: count });
    });
    const weights: number[] = [];
    let loads = 0;
    let rows = 0;
    const steps = keepsNothing((loaded) => {
      rows += loaded;
      // A full collection takes long: every fifth load is enough to see memory grow.
      if (loads++ % 5 === 0) weights.push(bytesHeld());
    });
    const before = bytesHeld();
    const result = await sync(
      sceneRequest({
        source,
        destination: destinationAround(memoryDestination().connector, steps),
        streams: selections("full_refresh_append", names),
      }),
    );
    expect([result.failure, rows]).toEqual([undefined, count]);
    expect(weights.length).toBeGreaterThan(2);
    expect((Math.max(...weights) - before) / MEGABYTE).toBeLessThan(64);
  });

  it("of parts is one chunk for each open one: nothing is read ahead of a blocked destination", async () => {
    let chunks = 0;
    const taken = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const source = sourceAround(memorySource({ streams: [usersStream(400)], parallel: 8 }), {
      chunk: () => {
        chunks += 1;
      },
    });
    let loads = 0;
    const blocked = destinationAround(memoryDestination({ parallel: 3 }).connector, {
      load: async (load, request) => {
        const { read } = request;
        if (read.form === "bytes") throw new Error("Batches are expected.");
        const slow = async function* (batches: AsyncIterable<ColumnBatch>): AsyncGenerator<ColumnBatch> {
          for await (const chunk of batches) {
            loads += 1;
            if (loads === 3) taken.resolve();
            await gate.promise;
            yield chunk;
          }
        };
        return load({ ...request, read: { ...read, chunks: slow(read.chunks) } });
      },
    });
    const running = sync(sceneRequest({ source, destination: blocked }));
    await taken.promise;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(chunks).toBe(3);
    gate.resolve();
    expect((await running).status).toBe("succeeded");
  });
});
