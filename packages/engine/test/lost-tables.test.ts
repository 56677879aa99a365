import { describe, expect, it } from "vitest";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import type { SyncMode } from "../src/index.ts";
import { memoryStore, sceneRequest, usersStream } from "./scene.ts";

describe("a table that was dropped at the destination", () => {
  it.each(["parts", "STREAM", "GLOBAL", "LEGACY"] as const)(
    "is read again from the start (%s)",
    async (session) => {
      for (const mode of ["incremental_append", "incremental_append_deduped"] satisfies readonly SyncMode[]) {
        const users = usersStream(20);
        const orders = usersStream(5, "orders");
        const destination = memoryDestination();
        const source = memorySource({ streams: [users, orders], session });
        const store = memoryStore();
        const streams = ["users", "orders"].map((name) => ({ name, mode }));
        const scene = { source, destination: destination.connector, streams, store };
        expect((await sync(sceneRequest(scene))).status).toBe("succeeded");
        destination.drop("users");
        if (session === "LEGACY") destination.drop("orders");
        users.rows = [...users.rows, { id: 20, v: 20 }];
        const result = await sync(sceneRequest(scene));
        expect(result.failure).toBeUndefined();
        expect(destination.rows("users")).toHaveLength(21);
        expect(destination.rows("orders")).toHaveLength(5);
        expect(result.notices.join()).toContain("users: its table is gone");
      }
    },
  );

  it("is read again though streams that appear later are left out", async () => {
    const destination = memoryDestination();
    const streams = [usersStream(7), usersStream(7, "orders")];
    const scene = {
      source: memorySource({ streams }),
      destination: destination.connector,
      streams: "all" as const,
    };
    await sync(sceneRequest(scene));
    destination.drop("users");
    await sync(sceneRequest(scene));
    expect(destination.rows("users")).toHaveLength(7);
  });

  it("is no loss for a full refresh, which replaces it", async () => {
    const destination = memoryDestination();
    const scene = { source: memorySource({ streams: [usersStream(7)] }), destination: destination.connector };
    await sync(sceneRequest(scene));
    destination.drop("users");
    const result = await sync(sceneRequest(scene));
    expect([result.status, result.notices]).toEqual(["succeeded", []]);
    expect(destination.rows("users")).toHaveLength(7);
  });
});

describe("a column that was dropped at the destination", () => {
  it.each(["incremental_append", "incremental_append_deduped"] as const)(
    "comes back empty, and the result says so once: %s",
    async (mode) => {
      const users = usersStream(5);
      const destination = memoryDestination();
      const scene = { source: memorySource({ streams: [users] }), destination: destination.connector, mode };
      await sync(sceneRequest(scene));
      users.fields = [...users.fields, { name: "note", kind: "string" }];
      expect((await sync(sceneRequest(scene))).notices).toEqual([]);
      destination.dropColumn("users", "note");
      const result = await sync(sceneRequest(scene));
      expect(result.notices).toEqual([expect.stringMatching(/^users: .*note.* NULL .*Refresh/)]);
      expect(destination.columns("users")).toContain("note");
      expect((await sync(sceneRequest(scene))).notices).toEqual([]);
    },
  );

  it("is no loss where the table is replaced", async () => {
    const destination = memoryDestination();
    const scene = { source: memorySource({ streams: [usersStream(5)] }), destination: destination.connector };
    await sync(sceneRequest(scene));
    destination.dropColumn("users", "v");
    expect((await sync(sceneRequest(scene))).notices).toEqual([]);
    expect(destination.rows("users").map(({ data }) => data["v"])).toEqual([0, 1, 2, 3, 4]);
  });
});
