import { describe, expect, it } from "vitest";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { MemoryDestination } from "@weir/kit/testing";
import type { DestinationConnector, SourceConnector } from "@weir/protocol";
import type { StreamSelection, SyncResult } from "../src/index.ts";
import { sync } from "../src/index.ts";
import { sourceAround } from "./around.ts";
import { failing, idsIn, once, refusing, sceneRequest, selections, span, usersStream } from "./scene.ts";
import { globalState, legacyState, record, scripted } from "./script.ts";

const BOTH = selections("incremental_append");

async function run(
  source: SourceConnector,
  destination: DestinationConnector,
  streams: readonly StreamSelection[] = BOTH,
): Promise<SyncResult> {
  return sync(sceneRequest({ source, destination, streams }));
}

/** Each stream's status with the code of its failure, by name. */
function fates({ streams }: SyncResult): Readonly<Record<string, string>> {
  return Object.fromEntries(
    streams.map(({ stream, status, failure }) => [stream, failure === undefined ? status : failure.code]),
  );
}

/** Two streams of ten rows, and what makes them twenty. */
function growing(session: "parts" | "STREAM") {
  const streams = [usersStream(10), usersStream(10, "orders")];
  const grow = (): void => streams.forEach((stream) => (stream.rows = usersStream(20).rows));
  return { source: memorySource({ streams, session }), streams, grow };
}

describe.each(["parts", "STREAM"] as const)("a stream that fails before it moves, %s", (session) => {
  it("leaves the others alone when its cursor is gone", async () => {
    const destination = memoryDestination();
    const { source, streams, grow } = growing(session);
    const chosen = BOTH.map((stream) => ({ ...stream, cursor: "v" }));
    await run(source, destination.connector, chosen);
    grow();
    const before = destination.checkpoint("test", "users");
    const fields = streams[0]?.fields ?? [];
    if (streams[0] !== undefined) streams[0].fields = fields.filter(({ name }) => name !== "v");
    const result = await run(source, destination.connector, chosen);
    expect(result).toMatchObject({ status: "failed", attempts: 1, failure: { origin: "engine" } });
    expect(fates(result)).toEqual({ orders: "complete", users: "config.field_unknown" });
    expect(destination.checkpoint("test", "users")).toEqual(before);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([span(0, 9), span(0, 19)]);
    if (streams[0] !== undefined) streams[0].fields = fields;
    expect(await run(source, destination.connector, chosen)).toMatchObject({ status: "succeeded", sync: 3 });
    expect(idsIn(destination)).toEqual(span(0, 19));
  });

  it("leaves the others alone when the destination cannot make its table", async () => {
    const destination = memoryDestination();
    const { source, grow } = growing(session);
    await run(source, destination.connector);
    grow();
    const before = destination.checkpoint("test", "users");
    const result = await run(source, refusing(destination.connector, "users"));
    expect(result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: { code: "destination.table_too_wide", stream: "users" },
    });
    expect(fates(result)).toEqual({ users: "destination.table_too_wide", orders: "complete" });
    expect(destination.checkpoint("test", "users")).toEqual(before);
    expect([idsIn(destination), idsIn(destination, "orders")]).toEqual([span(0, 9), span(0, 19)]);
    expect((await run(source, destination.connector)).status).toBe("succeeded");
    expect(idsIn(destination)).toEqual(span(0, 19));
  });
});

describe("streams that fail before they move", () => {
  it("are all told, and nothing is begun for them", async () => {
    const destination = memoryDestination();
    const { source } = growing("parts");
    const each = refusing(refusing(destination.connector, "users"), "orders");
    const result = await run(source, each);
    expect(fates(result)).toEqual({
      users: "destination.table_too_wide",
      orders: "destination.table_too_wide",
    });
    expect([destination.checkpoint("test", "users"), destination.columns("orders")]).toEqual([undefined, []]);
  });

  it("one is refused again while another is tried again", async () => {
    const destination = memoryDestination();
    const fail = once(() => {
      throw failing("retry", "source.gone");
    });
    const source = sourceAround(growing("parts").source, { chunk: fail });
    const result = await run(source, refusing(destination.connector, "users"));
    expect(result).toMatchObject({ status: "failed", attempts: 2 });
    expect(fates(result)).toEqual({ users: "destination.table_too_wide", orders: "complete" });
    expect(idsIn(destination, "orders")).toEqual(span(0, 9));
  });

  it("one choice that cannot be is a wrong configuration, where it is all there is to do", async () => {
    const destination = memoryDestination();
    const result = await run(growing("parts").source, destination.connector, [
      { name: "users", mode: "incremental_append", fields: ["nowhere"] },
    ]);
    expect(result).toMatchObject({ status: "failed", failure: { code: "config.field_unknown" } });
  });
});

/** A source that keeps one state: rows of every stream up to `at`, in the order of a log. */
function shared(form: "GLOBAL" | "LEGACY") {
  const log = { end: 2 };
  const source = scripted(["users", "orders", "items"], function* ({ streams, shared: state }) {
    const at = Number(state["at"] ?? 0);
    for (const stream of streams)
      for (let id = stream === "items" ? 1 : at + 1; id <= log.end; id += 1) yield record(stream, id);
    yield form === "GLOBAL" ? globalState({ at: log.end }) : legacyState({ at: log.end });
  });
  return { source, log };
}

const THREE: readonly StreamSelection[] = [...BOTH, { name: "items", mode: "full_refresh_overwrite" }];

function idsOf(destination: MemoryDestination): readonly (readonly number[])[] {
  return ["users", "orders", "items"].map((table) => idsIn(destination, table));
}

describe.each(["GLOBAL", "LEGACY"] as const)("one %s state", (form) => {
  const unknown = THREE.map((stream) => (stream.name === "users" ? { ...stream, fields: ["gone"] } : stream));

  it.each(["planning", "begin"] as const)("is not moved on over a stream that fails in %s", async (place) => {
    const destination = memoryDestination();
    const { source, log } = shared(form);
    await run(source, destination.connector, THREE);
    log.end = 4;
    const before = ["users", "orders"].map((stream) => destination.checkpoint("test", stream));
    const result = await (place === "begin"
      ? run(source, refusing(destination.connector, "users"), THREE)
      : run(source, destination.connector, unknown));
    expect(fates(result)).toEqual({
      users: place === "begin" ? "destination.table_too_wide" : "config.field_unknown",
      orders: "engine.stream_waits",
      items: "complete",
    });
    expect(idsOf(destination)).toEqual([span(1, 2), span(1, 2), span(1, 4)]);
    expect(destination.checkpoint("test", "")).toMatchObject({
      status: "failed",
      state: { at: 2 },
      covers: expect.toSatisfy((keys: readonly string[]) => keys.toSorted().join() === "orders,users"),
    });
    expect(["users", "orders"].map((stream) => destination.checkpoint("test", stream))).toEqual(before);
    const mended = await run(source, destination.connector, THREE);
    expect([mended.status, mended.notices]).toEqual(["succeeded", []]);
    expect(idsOf(destination)).toEqual([span(1, 4), span(1, 4), span(1, 4)]);
  });
});

describe("one GLOBAL state that does not cover a stream yet", () => {
  it("goes on without it, and the stream starts from nothing when it is mended", async () => {
    const destination = memoryDestination();
    const { source, log } = shared("GLOBAL");
    const first = await run(source, refusing(destination.connector, "users"), THREE);
    expect(fates(first)).toEqual({
      users: "destination.table_too_wide",
      orders: "complete",
      items: "complete",
    });
    log.end = 3;
    expect((await run(source, refusing(destination.connector, "users"), THREE)).status).toBe("failed");
    expect(idsOf(destination)).toEqual([[], span(1, 3), span(1, 3)]);
  });
});
