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
