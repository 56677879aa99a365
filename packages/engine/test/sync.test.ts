import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonObject, Message } from "@weir/protocol";
import { systemClock, WeirError } from "@weir/protocol";
import type { Fault, FaultPoint } from "@weir/kit/testing";
import { catalogOf, faultAt, memoryDestination, memorySource, scriptedSource } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround } from "./around.ts";
import { memoryStore, sceneRequest, usersStream } from "./scene.ts";

function ids(rows: readonly { readonly data: JsonObject }[]): readonly unknown[] {
  return rows.map(({ data }) => data["id"]).toSorted((left, right) => Number(left) - Number(right));
}

describe("rejected rows", () => {
  const refuses = (row: JsonObject): string | undefined =>
    Number(row["id"]) % 10 === 3 ? "threes are refused" : undefined;

  it("are counted, kept aside and fail the sync, the others committed", async () => {
    const destination = memoryDestination({ refuses });
    const source = memorySource({ streams: [usersStream(40)] });
    const result = await sync(sceneRequest({ source, destination: destination.connector }));
    expect(result.status).toBe("failed");
    expect(result.failure?.code).toBe("engine.rows_rejected");
    expect(result.streams[0]?.rows).toEqual({ read: 40, committed: 36, rejected: 4, changed: 0 });
    expect(destination.rows("users")).toHaveLength(36);
    const lines = (result.streams[0]?.rejects ?? []).flatMap((file) =>
      readFileSync(file, "utf8").trim().split("\n"),
    );
    expect(lines.map((line) => (JSON.parse(line) as { record: { id: number } }).record.id)).toEqual([
      3, 13, 23, 33,
    ]);
  });

  it("are allowed up to rejects.max", async () => {
    const destination = memoryDestination({ refuses });
    const source = memorySource({ streams: [usersStream(40)] });
    const request = sceneRequest({
      source,
      destination: destination.connector,
      connection: { rejects: { max: 4 } },
    });
    expect((await sync(request)).status).toBe("succeeded");
  });

  it.each(["destination.commit", "destination.chunk"] as const)(
    "stand once, though %s fails with and without effect",
    async (point) => {
      for (const fault of ["fail", "fail after", "crash"] as const) {
        for (let nth = 1; nth <= 3; nth += 1) {
          const destination = memoryDestination({ refuses, faults: faultAt(point, nth, fault) });
          const source = memorySource({ streams: [usersStream(40)], parallel: 2 });
          const result = await sync(
            sceneRequest({ source, destination: destination.connector, connection: { rejects: { max: 9 } } }),
          );
          expect(result.status, `${fault} at ${nth}`).toBe("succeeded");
          const files = result.streams[0]?.rejects ?? [];
          expect(
            files.every((file) => existsSync(file)),
            `${fault} at ${nth}`,
          ).toBe(true);
          const records = files.flatMap((file) => readFileSync(file, "utf8").trim().split("\n"));
          expect(new Set(records).size).toBe(4);
          expect(records).toHaveLength(4);
        }
      }
    },
  );
});

describe("routes", () => {
  it("replays a part the byte route refuses through batches, with the same result [I7]", async () => {
    const odd = { ...usersStream(25), rows: [...usersStream(25).rows, { id: 25, v: "not a number" }] };
    const destination = memoryDestination({ csv: true });
    const request = sceneRequest({
      source: memorySource({ streams: [odd], csv: true }),
      destination: destination.connector,
    });
    const result = await sync(request);
    expect(result.status).toBe("succeeded");
    expect(result.streams[0]?.route).toBe("csv, batch");
    expect(result.streams[0]?.rows).toEqual({ read: 26, committed: 26, rejected: 0, changed: 1 });
    expect(request.events.filter(({ type }) => type === "replay")).toHaveLength(1);
    expect(ids(destination.rows("users"))).toHaveLength(26);
  });
});

describe("counts", () => {
  it("a part nobody read to its end is no empty part: it is read again [I3]", async () => {
    const destination = memoryDestination();
    let turns = 0;
    const hasty = destinationAround(destination.connector, {
      load: async (load, request) =>
        (turns += 1) === 2 ? { received: 0, written: 0, rejected: 0, changed: 0, bytes: 0 } : load(request),
    });
    const request = sceneRequest({
      source: memorySource({ streams: [usersStream(50)] }),
      destination: hasty,
    });
    const result = await sync(request);
    expect(request.events.find((event) => event.type === "attempt-failed")).toMatchObject({
      failure: { code: "engine.read_unfinished" },
    });
    expect(result).toMatchObject({ status: "succeeded", attempts: 2 });
    expect(ids(destination.rows("users"))).toEqual(Array.from({ length: 50 }, (_, id) => id));
  });
});

describe("generations", () => {
  it("an overwrite is invisible until it is complete [I6]", async () => {
    const users = usersStream(30);
    let armed = false;
    const faults = (point: FaultPoint): Fault | undefined =>
      armed && point === "destination.finish"
        ? new WeirError({
            code: "t.stop",
            message: "stop",
            next: "",
            recovery: "stop",
            origin: "destination",
          })
        : undefined;
    const destination = memoryDestination({ faults });
    const source = memorySource({ streams: [users] });
    const store = memoryStore();
    await sync(sceneRequest({ source, destination: destination.connector, store }));
    users.rows = [{ id: 99, v: 1 }];
    armed = true;
    const broken = await sync(sceneRequest({ source, destination: destination.connector, store }));
    expect(broken.status).toBe("failed");
    expect(destination.rows("users")).toHaveLength(30);
    armed = false;
    const mended = await sync(sceneRequest({ source, destination: destination.connector, store }));
    expect(mended.status).toBe("succeeded");
    expect(ids(destination.rows("users"))).toEqual([99]);
  });

  it("a refresh replaces or retains, a clear empties and reads nothing", async () => {
    const users = usersStream(12);
    const destination = memoryDestination();
    const source = memorySource({ streams: [users] });
    const scene = { source, destination: destination.connector, mode: "incremental_append" as const };
    const count = async (request: Parameters<typeof sceneRequest>[0]["request"]): Promise<number> => {
      const result = await sync(sceneRequest({ ...scene, ...(request === undefined ? {} : { request }) }));
      expect(result.failure).toBeUndefined();
      return destination.rows("users").length;
    };
    expect(await count({})).toBe(12);
    expect(await count({})).toBe(12);
    expect(await count({ refresh: [{ stream: "users", retain: true }] })).toBe(24);
    expect(await count({ refresh: [{ stream: "users", retain: false }] })).toBe(12);
    expect(await count({ clear: ["users"] })).toBe(0);
    expect(await count({})).toBe(12);
  });

  it("keeps the newest row of each key when an interrupted load is looked at again, and tells where there is no key", async () => {
    for (const primaryKey of [["id"], []] as const) {
      const users = { ...usersStream(40), primaryKey: primaryKey.length > 0 ? primaryKey : undefined };
      const destination = memoryDestination({ faults: faultAt("destination.commit", 3) });
      const source = memorySource({ streams: [users], overlapOnResume: true });
      const streams = [{ name: "users", mode: "full_refresh_overwrite" as const, primaryKey }];
      const result = await sync(sceneRequest({ source, destination: destination.connector, streams }));
      expect(result.status).toBe("succeeded");
      const rows = ids(destination.rows("users"));
      expect(new Set(rows).size).toBe(40);
      expect(rows.length === 40).toBe(primaryKey.length > 0);
      expect(result.notices.some((notice) => notice.includes("no primary key"))).toBe(
        primaryKey.length === 0,
      );
    }
  });

  it("reads again from the start when the source refuses its state", async () => {
    const destination = memoryDestination({ faults: faultAt("destination.commit", 3) });
    const source = memorySource({
      streams: [usersStream(40)],
      refuseState: (_stream, state) => (state === null ? undefined : "rewritten"),
    });
    const result = await sync(sceneRequest({ source, destination: destination.connector }));
    expect(result.status).toBe("succeeded");
    expect(ids(destination.rows("users"))).toEqual(Array.from({ length: 40 }, (_, id) => id));
    expect(result.notices.join()).toContain("rewritten");
  });
});

describe("ending", () => {
  it.each([
    "source.open",
    "source.chunk",
    "destination.transaction",
    "destination.commit",
    "destination.finish",
  ] as const)("cancels within a second when %s hangs [I11]", async (point) => {
    const stop = new AbortController();
    const destination = memoryDestination({ faults: (here) => (here === point ? "hang" : undefined) });
    const source = memorySource({
      streams: [usersStream(20)],
      faults: (here) => (here === point ? "hang" : undefined),
    });
    const request = sceneRequest({
      source,
      destination: destination.connector,
      request: { signal: stop.signal, clock: systemClock },
    });
    const running = sync(request);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const asked = performance.now();
    stop.abort(new Error("the user asked"));
    const result = await running;
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(result.status).toBe("cancelled");
    expect(result.failure?.code).toBe("engine.cancelled");
  });

  it("takes a silent source for dead and tries again", async () => {
    let hangs = 1;
    const faults = (point: FaultPoint): Fault | undefined =>
      point === "source.chunk" && hangs-- > 0 ? "hang" : undefined;
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(20)], faults });
    const request = sceneRequest({
      source,
      destination: destination.connector,
      request: { limits: { sourceHeartbeatMs: 1000 } },
    });
    const result = await sync(request);
    expect(result.status).toBe("succeeded");
    expect(request.events.find((event) => event.type === "attempt-failed")).toMatchObject({
      failure: { code: "source.silent" },
    });
  });

  it("does not retry what a person must mend, and finishes the other streams", async () => {
    const broken = new WeirError({
      code: "source.table_missing",
      message: "gone",
      next: "mend",
      recovery: "ask",
      origin: "source",
    });
    let asked = 0;
    const faults = (point: FaultPoint): Fault | undefined =>
      point === "source.reader" && (asked += 1) === 1 ? broken : undefined;
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(20), usersStream(20, "orders")], faults });
    const streams = ["users", "orders"].map((name) => ({ name, mode: "full_refresh_overwrite" as const }));
    const result = await sync(sceneRequest({ source, destination: destination.connector, streams }));
    expect([result.status, result.attempts, result.failure?.code]).toEqual([
      "failed",
      1,
      "source.table_missing",
    ]);
    expect(result.streams.map(({ status }) => status)).toEqual(["broken", "complete"]);
    expect(destination.rows("orders")).toHaveLength(20);
  });

  it("compares with the source on request, and fails when they differ", async () => {
    for (const verify of ["count", "checksum"] as const) {
      const users = usersStream(20);
      const destination = memoryDestination();
      const source = memorySource({ streams: [users] });
      const equal = await sync(
        sceneRequest({ source, destination: destination.connector, request: { verify } }),
      );
      expect(equal.streams[0]?.verified?.outcome).toBe("equal");
      const cheat = {
        ...source,
        open: async (request: Parameters<typeof source.open>[0]) => cheating(await source.open(request)),
      };
      const different = await sync(
        sceneRequest({ source: cheat, destination: destination.connector, request: { verify } }),
      );
      expect([different.status, different.failure?.code]).toEqual(["failed", "engine.verification_failed"]);
    }
  });
});

/** A session whose readers claim one row more than they gave. */
function cheating<Session extends object>(session: Session): Session {
  if (!("reader" in session)) return session;
  const open = session.reader as (...args: readonly unknown[]) => Promise<object>;
  return {
    ...session,
    reader: async (...args: readonly unknown[]) => ({
      ...(await open(...args)),
      measure: async () => ({ rows: 21, checksum: "1" }),
    }),
  };
}

describe("message sessions that break the rules", () => {
  const catalog = catalogOf([usersStream(0)]);
  const record = (id: number, stream = "users"): Message => ({
    type: "RECORD",
    record: { stream, data: { id, v: id }, emitted_at: 1 },
  });
  const state = (v: number, recordCount?: number): Message => ({
    type: "STATE",
    state: {
      type: "STREAM",
      stream: { stream_descriptor: { name: "users" }, stream_state: { v } },
      ...(recordCount === undefined ? {} : { sourceStats: { recordCount } }),
    },
  });
  const global: Message = {
    type: "STATE",
    state: { type: "GLOBAL", global: { shared_state: { lsn: 1 }, stream_states: [] } },
  };
  const incomplete: Message = {
    type: "TRACE",
    trace: {
      type: "STREAM_STATUS",
      emitted_at: 1,
      stream_status: { stream_descriptor: { name: "users" }, status: "INCOMPLETE" },
    },
  };
  const error = (failure_type: "config_error" | "transient_error"): Message => ({
    type: "TRACE",
    trace: { type: "ERROR", emitted_at: 1, error: { message: "no", failure_type } },
  });

  it.each([
    ["a stream nobody asked for", [record(1), record(2, "other")], "source.stream_unasked", 0],
    ["a count that is not what came", [record(1), state(1, 2)], "engine.count_mismatch", 0],
    ["two forms of state", [record(1), state(1), global], "source.state_forms_mixed", 1],
    [
      "an end without completing",
      [record(1), state(1), record(2), incomplete],
      "source.stream_incomplete",
      1,
    ],
    [
      "a failure for the user",
      [record(1), state(1), error("config_error")],
      "source.reported_config_error",
      1,
    ],
  ] as const)("%s", async (_what, messages, code, committed) => {
    const destination = memoryDestination();
    const source = scriptedSource(catalog, () => messages);
    const limits = { partialFailures: 1, completeFailures: 1 };
    const result = await sync(
      sceneRequest({
        source,
        destination: destination.connector,
        mode: "incremental_append",
        request: { limits },
      }),
    );
    expect([result.status, result.failure?.code]).toEqual(["failed", code]);
    expect(destination.rows("users")).toHaveLength(committed);
  });

  it("states without records are kept, and given back in their form", async () => {
    const destination = memoryDestination();
    const given: unknown[] = [];
    const source = scriptedSource(catalog, ({ state: before }) => {
      given.push(before);
      return [global];
    });
    const scene = { source, destination: destination.connector, mode: "incremental_append" as const };
    await sync(sceneRequest(scene));
    await sync(sceneRequest(scene));
    expect(given).toEqual([[], [{ type: "GLOBAL", shared: { lsn: 1 }, streams: [] }]]);
  });
});
