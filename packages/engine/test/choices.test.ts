import { describe, expect, it } from "vitest";
import { memoryDestination, memorySource, testContext } from "@weir/kit/testing";
import type { SyncRequest, SyncResult } from "../src/index.ts";
import { resetState, sync } from "../src/index.ts";
import { idsIn, memoryStore, sceneRequest, span, usersStream } from "./scene.ts";
import { globalState, record, scripted, streamState } from "./script.ts";

describe("a choice that changes between two syncs", () => {
  it.each([
    ["the mode", "full_refresh_overwrite", "v"],
    ["the cursor", "incremental_append", "id"],
  ] as const)(
    "%s: everything is read and appended again, and the result says so",
    async (_what, mode, cursor) => {
      let users = usersStream(20);
      const destination = memoryDestination();
      const run = (chosen: typeof mode | "incremental_append"): Promise<SyncResult> =>
        sync(
          sceneRequest({
            source: memorySource({ streams: [users] }),
            destination: destination.connector,
            streams: [{ name: "users", mode: chosen }],
          }),
        );
      const first = await run(mode);
      users = { ...users, cursor };
      const second = await run("incremental_append");
      const third = await run("incremental_append");
      expect([first.notices, third.notices]).toEqual([[], []]);
      expect(second.notices.join()).toMatch(/^users: .*read again and appended.* stand twice/);
      expect(destination.rows("users")).toHaveLength(40);
    },
  );

  it.each([
    ["with", ["id"]],
    ["without", []],
  ] as const)(
    "a state its source refuses: rows stay and come again, %s a key",
    async (_title, primaryKey) => {
      const destination = memoryDestination();
      const refusals: string[] = [];
      const source = memorySource({
        streams: [{ ...usersStream(20), primaryKey }],
        refuseState: (_stream, state) => (state === null ? undefined : refusals[0]),
      });
      const run = (): Promise<SyncResult> =>
        sync(
          sceneRequest({
            source,
            destination: destination.connector,
            streams: [{ name: "users", mode: "incremental_append", primaryKey }],
          }),
        );
      await run();
      refusals.push("the cursor's type changed");
      const second = await run();
      expect(destination.rows("users")).toHaveLength(40);
      expect(second.notices).toEqual([
        expect.stringMatching(/^users: .*cursor's type changed.* already there stay.* stand twice.*refresh/i),
      ]);
    },
  );

  it.each(["incremental_append", "incremental_append_deduped"] as const)(
    "the table: everything is read into the new one, with %s",
    async (mode) => {
      const users = usersStream(20);
      const destination = memoryDestination();
      const run = (prefix: string): Promise<SyncResult> =>
        sync(
          sceneRequest({
            source: memorySource({ streams: [users] }),
            destination: destination.connector,
            streams: [{ name: "users", mode }],
            connection: { prefix },
          }),
        );
      await run("");
      users.rows = usersStream(30).rows;
      const there = await run("new_");
      expect(idsIn(destination, "new_users")).toEqual(span(0, 29));
      expect(idsIn(destination, "users")).toEqual(span(0, 19));
      users.rows = usersStream(40).rows;
      const back = await run("");
      expect(new Set(idsIn(destination, "users"))).toEqual(new Set(span(0, 39)));
      for (const { status, notices } of [there, back])
        expect([status, notices.join()]).toEqual([
          "succeeded",
          expect.stringMatching(/^users: .*another table/),
        ]);
      expect((await run("")).streams[0]?.rows.read).toBe(0);
    },
  );

  it("streams named one by one, then all: those that do not join are named", async () => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(5), usersStream(5, "orders")] });
    const scene = { source, destination: destination.connector };
    await sync(sceneRequest({ ...scene, streams: [{ name: "users" }] }));
    const all = await sync(sceneRequest({ ...scene, streams: "all" }));
    expect(all.streams.map(({ stream }) => stream)).toEqual(["users"]);
    expect(all.schemaNotes.join()).toMatch(/orders: .*propagate_fully/);
    const connection = { schemaChanges: "propagate_fully" } as const;
    const fully = await sync(sceneRequest({ ...scene, streams: "all", connection }));
    expect(fully.streams).toHaveLength(2);
  });
});

describe("a name nobody has", () => {
  it.each<readonly [string, Partial<SyncRequest>]>([
    ["a clear", { clear: ["user"] }],
    ["a refresh", { refresh: [{ stream: "user", retain: false }] }],
  ])("in %s is refused before anything is changed", async (_what, asked) => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(5)] });
    const mode = "incremental_append";
    await sync(sceneRequest({ source, destination: destination.connector, mode }));
    const result = await sync(
      sceneRequest({ source, destination: destination.connector, mode, request: asked }),
    );
    expect([result.failure?.code, result.attempts]).toEqual(["config.stream_unknown", 1]);
    expect(result.failure?.message).toContain("user");
    expect(destination.rows("users")).toHaveLength(5);
  });
});

describe("checkpoints", () => {
  it("of another version are refused: starting anew would double appended rows", async () => {
    const destination = memoryDestination();
    const source = memorySource({ streams: [usersStream(5)] });
    const mode = "incremental_append";
    await sync(sceneRequest({ source, destination: destination.connector, mode }));
    const { connector } = destination;
    const session = await connector.open({ config: {}, connection: "test", context: testContext() });
    const document = { ...destination.checkpoint("test", "users"), version: 99 };
    await session.reset([{ stream: "users", document }]);
    const result = await sync(sceneRequest({ source, destination: connector, mode }));
    expect([result.status, result.failure?.code]).toEqual(["failed", "engine.checkpoint_unknown"]);
    expect(destination.rows("users")).toHaveLength(5);
  });

  it("that are reset forget the form of state: the source may use another", async () => {
    const destination = memoryDestination();
    const { connector } = destination;
    const mode = "incremental_append";
    const shared = scripted(["users"], function* () {
      yield record("users", 1);
      yield globalState({ lsn: 1 });
    });
    await sync(sceneRequest({ source: shared, destination: connector, mode }));
    const own = scripted(["users"], function* () {
      yield record("users", 2);
      yield streamState("users", { at: 2 });
    });
    const refused = await sync(sceneRequest({ source: own, destination: connector, mode }));
    expect(refused.failure?.code).toBe("source.state_forms_mixed");
    await resetState(
      {
        connection: "test",
        destination: { connector, config: {} },
        store: memoryStore(),
        context: testContext(),
      },
      [],
    );
    const request = { refresh: [{ stream: "*", retain: false }] };
    const result = await sync(sceneRequest({ source: own, destination: connector, mode, request }));
    expect(result.failure).toBeUndefined();
    expect(idsIn(destination)).toEqual([2]);
  });
});
