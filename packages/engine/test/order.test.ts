import { describe, expect, it } from "vitest";
import { systemClock } from "@weir/protocol";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import { sync } from "../src/index.ts";
import { destinationAround, sourceAround } from "./around.ts";
import { idsIn, sceneRequest, selections, span, usersStream } from "./scene.ts";

describe("parts loaded at the same time", () => {
  it("have raw ids in their own order, whichever transaction is first", async () => {
    const rows = ["old", "new"].flatMap((v) => [1, 2].map((id) => ({ id, v })));
    const users = {
      name: "users",
      fields: [{ name: "id", kind: "integer" } as const, { name: "v", kind: "string" } as const],
      rows,
      primaryKey: ["id"],
    };
    const destination = memoryDestination();
    let transactions = 0;
    const slowFirst = destinationAround(destination.connector, {
      transaction: async (transaction, signal) => {
        transactions += 1;
        if (transactions === 1) await systemClock.sleep(30);
        return transaction(signal);
      },
    });
    const result = await sync(
      sceneRequest({
        source: memorySource({ streams: [users], partRows: 2, parallel: 2 }),
        destination: slowFirst,
        streams: [{ name: "users", mode: "full_refresh_overwrite_deduped" }],
        request: { clock: systemClock },
      }),
    );
    expect(result.status).toBe("succeeded");
    expect(destination.rows("users").map(({ data }) => data["v"])).toEqual(["new", "new"]);
  });

  it("commit in their own order, though the last is read first", async () => {
    const destination = memoryDestination();
    const source = sourceAround(memorySource({ streams: [usersStream(40)], parallel: 4 }), {
      chunk: ({ nth }) => systemClock.sleep((5 - nth) * 5),
    });
    await sync(
      sceneRequest({
        source,
        destination: destination.connector,
        mode: "full_refresh_append",
        request: { clock: systemClock },
      }),
    );
    expect(destination.rows("users").map(({ data }) => data["id"])).toEqual(span(0, 39));
  });
});

describe("streams moved at the same time", () => {
  it("do not wait for one whose destination table is blocked", async () => {
    const destination = memoryDestination({ parallel: 2 });
    const gate = Promise.withResolvers<void>();
    const blocked = destinationAround(destination.connector, {
      load: async (load, request) => {
        if (request.stream.key === "users") await gate.promise;
        return load(request);
      },
      finish: async (finish, request) => {
        await finish(request);
        if (request.stream.key === "orders") gate.resolve();
      },
    });
    const result = await sync(
      sceneRequest({
        source: memorySource({ streams: [usersStream(40), usersStream(40, "orders")] }),
        destination: blocked,
        streams: selections("full_refresh_append"),
      }),
    );
    expect(result.status).toBe("succeeded");
    for (const table of ["users", "orders"]) expect(idsIn(destination, table)).toEqual(span(0, 39));
    expect(destination.calls.indexOf("finish orders")).toBeLessThan(
      destination.calls.indexOf("commit users"),
    );
  });
});
