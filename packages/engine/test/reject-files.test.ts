import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "@weir/protocol";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { SyncResult } from "../src/index.ts";
import { sync } from "../src/index.ts";
import { destinationAround } from "./around.ts";
import { failing, idsIn, once, sceneRequest, span, usersStream } from "./scene.ts";
import { record, scripted, streamState } from "./script.ts";

const connection = { rejects: { max: 100 } };
// Time jumps while a real disk takes its own: a hundred milliseconds of it would be hours.
const limits = { sourceHeartbeatMs: Number.MAX_SAFE_INTEGER, destinationTimeoutMs: Number.MAX_SAFE_INTEGER };
const folder = (): string => mkdtempSync(join(tmpdir(), "weir-dead-"));
const refuses = ({ id }: JsonObject): string | undefined => (id === 2 ? "two is refused" : undefined);

function filesIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** Ids in the files the result names. */
function rejectedIds(result: SyncResult): readonly unknown[] {
  return result.streams
    .flatMap(({ rejects }) => rejects.flatMap((file) => readFileSync(file, "utf8").trim().split("\n")))
    .map((line) => (JSON.parse(line) as { readonly record: { readonly id: number } }).record.id);
}

describe("reject files", () => {
  it("survive a commit of a message session whose answer is lost", async () => {
    const deadLetters = folder();
    const destination = memoryDestination({ refuses });
    const loses = once(() => {
      throw failing("retry", "destination.connection_lost");
    });
    const lossy = destinationAround(destination.connector, {
      commit: async (commit, checkpoints) => {
        await commit(checkpoints);
        if (checkpoints.some(({ stream }) => stream === "users")) loses();
      },
    });
    const source = scripted(["users"], function* ({ state }) {
      if (state.length === 0) for (const id of [1, 2, 3]) yield record("users", id);
      yield streamState("users", { at: 3 });
    });
    const result = await sync(
      sceneRequest({
        source,
        destination: lossy,
        mode: "incremental_append",
        connection,
        request: { deadLetters, limits },
      }),
    );
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect(rejectedIds(result)).toEqual([2]);
    expect(filesIn(deadLetters)).toHaveLength(1);
  });

  it("of a commit under way are not removed by a second process that does not get the fence", async () => {
    const deadLetters = folder();
    const destination = memoryDestination({ refuses });
    const source = memorySource({ streams: [usersStream(5)] });
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const waits = destinationAround(destination.connector, {
      commit: async (commit, checkpoints) => {
        reached.resolve();
        await gate.promise;
        return commit(checkpoints);
      },
    });
    const mode = "full_refresh_append";
    const request = { deadLetters, limits };
    const holder = sync(sceneRequest({ source, destination: waits, mode, connection, request }));
    await reached.promise;
    const refused = destinationAround(destination.connector, {
      begin: async () => {
        throw failing("stop", "destination.fenced");
      },
    });
    const second = await sync(sceneRequest({ source, destination: refused, mode, connection, request }));
    gate.resolve();
    expect(second.failure?.code).toBe("destination.fenced");
    const result = await holder;
    expect(result.status).toBe("succeeded");
    expect(rejectedIds(result)).toEqual([2]);
  });

  it("of a part that was not committed are removed at the next start", async () => {
    const deadLetters = folder();
    mkdirSync(join(deadLetters, "users"));
    writeFileSync(join(deadLetters, "users", "1-1-rows-0.jsonl.uncommitted"), "{}\n");
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(5)] });
    await sync(
      sceneRequest({ source, destination: destination.connector, request: { deadLetters, limits } }),
    );
    expect(filesIn(deadLetters)).toEqual([]);
  });

  it.each([
    ["of emoji", "😀".repeat(60)],
    ["of 400 letters", "a".repeat(400)],
    ["that climbs out of the folder", "../../etc/passwd"],
    ["that no file system takes", "CON: <a|b>?*\n"],
  ])("are kept in the folder for a stream with a name %s", async (_what, name) => {
    const deadLetters = folder();
    const destination = memoryDestination({ refuses });
    const result = await sync(
      sceneRequest({
        source: memorySource({ streams: [usersStream(5, name)] }),
        destination: destination.connector,
        streams: [{ name, mode: "full_refresh_append" }],
        connection,
        request: { deadLetters, limits },
      }),
    );
    expect(result.status).toBe("succeeded");
    expect(rejectedIds(result)).toEqual([2]);
    expect(filesIn(deadLetters)).toHaveLength(1);
  });

  it("of two streams with long names that begin alike are two", async () => {
    const deadLetters = folder();
    const names = ["x", "y"].map((end) => "long name ".repeat(30) + end);
    const destination = memoryDestination({ refuses });
    const result = await sync(
      sceneRequest({
        source: memorySource({ streams: names.map((name) => usersStream(5, name)) }),
        destination: destination.connector,
        streams: names.map((name) => ({ name, mode: "full_refresh_append" })),
        connection,
        request: { deadLetters, limits },
      }),
    );
    expect(rejectedIds(result)).toEqual([2, 2]);
    expect(filesIn(deadLetters)).toHaveLength(2);
  });
});

describe("a folder for rejects that cannot be written", () => {
  const many = usersStream(3000);
  const refusesMany = (): string => `refused for a reason of some length ${"x".repeat(200)}`;

  it("fails the sync with what is wrong, instead of hanging: a file stands in its place", async () => {
    const deadLetters = join(folder(), "file");
    writeFileSync(deadLetters, "not a folder");
    const destination = memoryDestination({ refuses });
    const source = memorySource({ streams: [usersStream(5)] });
    const result = await sync(
      sceneRequest({
        source,
        destination: destination.connector,
        connection,
        request: { deadLetters, limits },
      }),
    );
    expect([result.status, result.failure?.code]).toEqual(["failed", "engine.rejects_unwritable"]);
    expect(idsIn(destination)).toEqual([]);
  });

  it("fails the sync when a folder stands where the file belongs, and works once it is gone", async () => {
    const deadLetters = folder();
    const destination = memoryDestination({ refuses: refusesMany });
    const source = memorySource({ streams: [many], partRows: 3000, batchRows: 100 });
    let attempt = 0;
    const blocked = destinationAround(destination.connector, {
      transaction: async (transaction, signal) => {
        attempt += 1;
        const name = `1-${attempt}-rows-0.jsonl.uncommitted`;
        mkdirSync(join(deadLetters, "users", name), { recursive: true });
        return transaction(signal);
      },
    });
    const scene = { source, mode: "full_refresh_append" as const, connection: { rejects: { max: 3000 } } };
    const result = await sync(
      sceneRequest({ ...scene, destination: blocked, request: { deadLetters, limits } }),
    );
    expect([result.status, result.failure?.code]).toEqual(["failed", "engine.rejects_unwritable"]);
    const mended = await sync(
      sceneRequest({ ...scene, destination: destination.connector, request: { deadLetters, limits } }),
    );
    expect(mended.failure).toBeUndefined();
    expect(rejectedIds(mended)).toEqual(span(0, 2999));
  });
});
