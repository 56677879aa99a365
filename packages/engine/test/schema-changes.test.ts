import { describe, expect, it } from "vitest";
import type { Field } from "@weir/protocol";
import type { MemoryStream } from "@weir/kit/testing";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { Connection, StreamSelection, SyncRequest, SyncResult } from "../src/index.ts";
import { sync } from "../src/index.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { cancelling, failing, idsIn, sceneRequest, span, usersStream } from "./scene.ts";

const ID: Field = { name: "id", kind: "integer" };
const V: Field = { name: "v", kind: "integer" };
const NOTE: Field = { name: "note", kind: "string" };

/** Syncs of a stream `users` with fields that a test may change. */
function scene(schemaChanges: Connection["schemaChanges"]) {
  const users: MemoryStream = {
    ...usersStream(20),
    rows: usersStream(20).rows.map((row) => ({ ...row, note: "a note" })),
  };
  const destination = memoryDestination();
  const run = (
    selection: Partial<StreamSelection>,
    request: Partial<SyncRequest> = {},
  ): Promise<SyncResult> =>
    sync(
      sceneRequest({
        source: memorySource({ streams: [users] }),
        destination: destination.connector,
        streams: [{ name: "users", ...selection }],
        connection: { schemaChanges },
        request,
      }),
    );
  /** Columns with a value. */
  const filled = (): readonly string[] => [
    ...new Set(
      destination
        .rows("users")
        .flatMap(({ data }) => Object.keys(data).filter((name) => (data[name] ?? null) !== null)),
    ),
  ];
  return { users, destination, run, filled };
}

describe("a policy and a selection of fields", () => {
  const overwrite = { mode: "full_refresh_overwrite" } as const;

  it("disable: what was never selected is no change, now and after an approval", async () => {
    const { run } = scene("disable");
    const some = { ...overwrite, fields: ["id", "v"] };
    for (const request of [{}, {}, { acceptSchema: true }, {}]) {
      const result = await run(some, request);
      expect([result.failure, result.schemaNotes.filter((note) => !note.includes("added"))]).toEqual([
        undefined,
        [],
      ]);
    }
  });

  it("disable: an approval holds though the sync then fails", async () => {
    const { users, run } = scene("disable");
    await run(overwrite);
    users.fields = [ID, V, NOTE];
    expect((await run(overwrite)).failure?.code).toBe("source.schema_changed_refused");
    const refusing = { limits: { completeFailures: 1 }, acceptSchema: true };
    const source = {
      connector: sourceAround(memorySource({ streams: [users] }), {
        chunk: () => {
          throw failing("ask");
        },
      }),
      config: {},
    };
    expect((await run(overwrite, { ...refusing, source })).failure?.code).toBe("test.broken");
    expect((await run(overwrite)).failure).toBeUndefined();
  });

  it("ignore: fields known from the start may be selected later", async () => {
    const { users, run, filled } = scene("ignore");
    users.fields = [ID, V, NOTE];
    await run({ ...overwrite, fields: ["id"] });
    const result = await run({ ...overwrite, fields: ["id", "v", "note"] });
    expect(result.status).toBe("succeeded");
    expect(filled()).toEqual(["id", "v", "note"]);
  });

  it("ignore: a new field waits, sync after sync, until the change is accepted", async () => {
    const { users, run, filled } = scene("ignore");
    users.fields = [ID, V];
    await run(overwrite);
    users.fields = [ID, V, NOTE];
    for (const request of [{}, {}]) {
      expect((await run(overwrite, request)).schemaNotes.join()).toMatch(/new field note .*ignored/);
      expect(filled()).toEqual(["id", "v"]);
    }
    await run(overwrite, { acceptSchema: true });
    expect(filled()).toEqual(["id", "v", "note"]);
  });

  it("ignore: a new field chosen as cursor or key moves all the same", async () => {
    const { users, destination, run } = scene("ignore");
    users.fields = [ID, V];
    await run({ mode: "full_refresh_overwrite_deduped" });
    users.fields = [ID, V, NOTE];
    users.rows = users.rows.map((row) => ({ ...row, note: `note ${Number(row["id"])}` }));
    await run({ mode: "full_refresh_overwrite_deduped", primaryKey: ["note"] });
    expect(idsIn(destination)).toEqual(span(0, 19));
    expect(destination.columns("users")).toContain("note");
  });
});

describe("a key that is gone", () => {
  const overwrite = { mode: "full_refresh_overwrite" } as const;

  it.each<readonly [string, Partial<StreamSelection>, Partial<SyncRequest>]>([
    ["another one", { primaryKey: ["id"] }, {}],
    ["a refresh", {}, { refresh: [{ stream: "users", retain: false }] }],
    ["both", { primaryKey: ["id"] }, { refresh: [{ stream: "users", retain: false }] }],
  ])("stops the sync and is mended by %s", async (_what, remedy, request) => {
    const destination = memoryDestination();
    const keyed = { ...usersStream(20), fields: [ID, V, NOTE], primaryKey: ["note"] };
    const keyless = { ...usersStream(20), primaryKey: undefined };
    const run = (stream: MemoryStream, selection = {}, asked = {}): Promise<SyncResult> =>
      sync(
        sceneRequest({
          source: memorySource({ streams: [stream] }),
          destination: destination.connector,
          streams: [{ name: "users", ...overwrite, ...selection }],
          request: asked,
        }),
      );
    await run(keyed);
    expect((await run(keyless)).failure?.code).toBe("source.schema_change_breaking");
    expect((await run(keyless, remedy, request)).failure).toBeUndefined();
    expect((await run(keyless, remedy)).failure).toBeUndefined();
    expect(idsIn(destination)).toEqual(span(0, 19));
  });

  it("is never half of one: a key with a nested part is left out", async () => {
    const destination = memoryDestination();
    const rows = ["eu", "us"].map((v) => ({ id: 1, v }));
    const users = { ...usersStream(0), fields: [ID, { name: "v", kind: "string" } as const], rows };
    const source = sourceAround(memorySource({ streams: [users] }), {
      discover: async (discover, ...asked) => {
        const { streams } = await discover(...asked);
        const source_defined_primary_key = [["id"], ["meta", "region"]];
        return { streams: streams.map((stream) => ({ ...stream, source_defined_primary_key })) };
      },
    });
    const streams = [{ name: "users" }];
    const result = await sync(sceneRequest({ source, destination: destination.connector, streams }));
    expect([result.status, result.streams[0]?.mode]).toEqual(["succeeded", "full_refresh_overwrite"]);
    expect(destination.rows("users").map(({ data }) => data["v"])).toEqual(["eu", "us"]);
    const deduped = [{ name: "users", mode: "full_refresh_overwrite_deduped" as const }];
    const refused = await sync(
      sceneRequest({ source, destination: destination.connector, streams: deduped }),
    );
    expect(refused.failure?.code).toBe("config.key_missing");
  });
});

describe("a selection changed while a sync is interrupted", () => {
  it("holds for streams the sync had finished: a replaced table has the columns chosen now", async () => {
    const { users, destination, run, filled } = scene("propagate_columns");
    users.fields = [ID, V, NOTE];
    const { signal, cancel } = cancelling();
    const connector = destinationAround(destination.connector, {
      finish: async (finish, request) => {
        await finish(request);
        cancel();
      },
    });
    const mode = "full_refresh_overwrite";
    const stopping = { signal, destination: { connector, config: {} } };
    const stopped = await run({ mode, fields: ["id"] }, stopping);
    expect([stopped.status, filled()]).toEqual(["cancelled", ["id", "v"]]);
    const rest = await run({ mode, fields: ["id", "note"] });
    expect([rest.status, rest.sync]).toEqual(["succeeded", 1]);
    expect(filled()).toEqual(["id", "v", "note"]);
    const again = await run({ mode, fields: ["id", "note"] });
    expect([again.sync, again.streams[0]?.rows.read]).toEqual([2, 20]);
  });
});
