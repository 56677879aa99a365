import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@weir/protocol";
import type { MemoryStream } from "@weir/kit/testing";
import { memorySource } from "@weir/kit/testing";
import { describe, expect, it } from "vitest";
import type { SyncMode, SyncRequest, SyncResult } from "../../src/index.ts";
import { sync } from "../../src/index.ts";
import type { SourceSteps } from "../around.ts";
import { sourceAround } from "../around.ts";
import { failing, memoryStore, once, sceneRequest, span, usersStream } from "../scene.ts";
import { hostile, overhear, processesWith } from "./executables.ts";

interface Scene {
  readonly what: string;
  readonly always?: boolean;
  readonly mode?: SyncMode;
  readonly refreshes?: boolean;
  readonly messages?: boolean;
  readonly streams?: readonly MemoryStream[];
  readonly steps?: SourceSteps;
  readonly request?: Partial<SyncRequest>;
}

function sceneOf(input: Scene) {
  const { what, mode = "incremental_append", refreshes = false, steps = {} } = input;
  const folder = mkdtempSync(join(tmpdir(), "weir-child-destination-"));
  const streams = input.streams ?? [usersStream(40)];
  const store = memoryStore();
  const source = memorySource({ streams, ...(input.messages === true ? { session: "STREAM" } : {}) });
  const runner = hostile("destination.mjs", refreshes ? { env: { REFRESHES: "yes" } } : {});
  const run = async (): Promise<SyncResult> => {
    const request = sceneRequest({
      source: sourceAround(source, steps),
      destination: await runner.destination(overhear().context),
      streams: streams.map(({ name }) => ({ name, mode, cursor: "v", primaryKey: ["id"] })),
      store,
      request: { clock: systemClock, limits: { backoffMinMs: 1, completeFailures: 3 }, ...input.request },
    });
    const config = { folder, do: what, always: input.always === true };
    return sync({ ...request, destination: { ...request.destination, config } });
  };
  const lines = (name: string): readonly string[] =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim().split("\n") : [];
  const ids = (name = "users"): readonly number[] =>
    lines(`${name}.jsonl`).map((line) => (JSON.parse(line) as { readonly id: number }).id);
  return { folder, run, ids, lines, store, streams };
}

describe("a destination that sends states back", () => {
  it.each(["well", "atTheEnd", "pairs", "onlyLast", "flood"])(
    "%s: rows once, and the next sync goes on",
    async (what) => {
      const { run, ids, streams, lines } = sceneOf({ what, always: true });
      const first = await run();
      expect(first.failure).toBeUndefined();
      expect([first.status, first.delivery, first.streams[0]?.rows.committed]).toEqual([
        "succeeded",
        "at-least-once",
        40,
      ]);
      const [users] = streams;
      if (users !== undefined) users.rows = usersStream(50).rows;
      const second = await run();
      expect([second.status, second.streams[0]?.rows.read]).toEqual(["succeeded", 10]);
      expect(ids()).toEqual(span(0, 49));
      expect(lines(".complete")).toEqual(["users", "users"]);
    },
    30_000,
  );

  it("gets values as JSON, tables as streams, and its generations", async () => {
    const { run, lines, folder } = sceneOf({ what: "well", mode: "full_refresh_overwrite" });
    await run();
    await run();
    expect(lines("users.jsonl")[3]).toBe('{"id":3,"v":3}');
    expect(JSON.parse(readFileSync(join(folder, ".catalog-2"), "utf8"))).toMatchObject({
      streams: [
        {
          stream: { name: "users", json_schema: { properties: { id: { type: ["null", "integer"] } } } },
          sync_mode: "full_refresh",
          destination_sync_mode: "overwrite",
          primary_key: [["id"]],
          generation_id: 2,
          minimum_generation_id: 2,
          sync_id: 2,
        },
      ],
    });
  });
});

describe("a destination that breaks", () => {
  it.each([
    ["die", "dieAtOnce", /connector.exited/],
    ["leave", "leaveAtOnce", /protocol|state_missing/],
    ["failAtTheEnd", "failAtTheEnd", /connector.exited/],
    ["reports", "reports", /reported_transient_error/],
    ["none", "none", /state_missing/],
  ])(
    "%s: the rows come again from the last state that came back",
    async (what, always, code) => {
      const { run, ids } = sceneOf({ what });
      const result = await run();
      expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
      expect(new Set(ids())).toEqual(new Set(span(0, 39)));
      const broken = await sceneOf({ what: always, always: true }).run();
      expect(broken.status).toBe("failed");
      expect(broken.failure?.code).toMatch(code);
    },
    30_000,
  );

  it("keeps what came back before it died", async () => {
    const { run, ids } = sceneOf({ what: "die" });
    await run();
    // 25 rows were written, those of the parts before the 25th had come back.
    expect(ids().length).toBeLessThan(25 + 40);
    expect(ids().length).toBeGreaterThanOrEqual(40);
  });

  it.each([
    ["wrongStats", "destination.count_mismatch"],
    ["backwards", "destination.state_unexpected"],
    ["stranger", "destination.state_unexpected"],
    ["twice", "destination.state_unexpected"],
    ["rejects", "destination.rows_refused"],
  ])(
    "%s: what it says is not believed, and the sync stops",
    async (what, code) => {
      const { run } = sceneOf({ what, always: true });
      const result = await run();
      expect([result.status, result.attempts, result.failure?.code]).toEqual(["failed", 1, code]);
    },
    30_000,
  );
});

describe("a destination that takes long at its end", () => {
  const request = { limits: { backoffMinMs: 1, completeFailures: 2, destinationTimeoutMs: 1500 } };

  it.each(["worksAtTheEnd", "worksOnStderr"])("and tells of its work (%s) is waited for", async (what) => {
    const { run, ids } = sceneOf({ what, always: true, request });
    const result = await run();
    expect(result.failure).toBeUndefined();
    expect([result.status, result.attempts]).toEqual(["succeeded", 1]);
    expect(ids()).toEqual(span(0, 39));
  });

  it("and says nothing is ended by the watchdog", async () => {
    const { run } = sceneOf({ what: "hangAtTheEnd", always: true, request });
    const result = await run();
    expect([result.status, result.failure?.code]).toEqual(["failed", "destination.silent"]);
    expect(processesWith("fixtures/destination.mjs", `weir-command-${process.pid}-`)).toEqual([]);
  });
});

describe("a replacing load", () => {
  it.each([true, false])("that broke is done again as a whole (refreshes: %s)", async (refreshes) => {
    const { run, ids, folder } = sceneOf({ what: "die", mode: "full_refresh_overwrite", refreshes });
    const result = await run();
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect(ids()).toEqual(span(0, 39));
    const generation = (at: number): unknown =>
      JSON.parse(readFileSync(join(folder, `.catalog-${at}`), "utf8")).streams[0].generation_id;
    expect([generation(1), generation(2)]).toEqual([1, 2]);
  });

  it("whose end was not confirmed is not called finished, and done again", async () => {
    const { run, ids } = sceneOf({ what: "failAtTheEnd", mode: "full_refresh_overwrite", refreshes: true });
    const result = await run();
    expect([result.status, result.attempts, result.streams[0]?.rows.committed]).toEqual(["succeeded", 2, 40]);
    expect(ids()).toEqual(span(0, 39));
  });

  it("of which a stream failed never sees the end of its input", async () => {
    const fails = once(() => {
      throw failing("retry", "source.gone");
    });
    let chunks = 0;
    const chunk = (): void => {
      chunks += 1;
      if (chunks !== 3) return;
      // Meanwhile the executable has started and taken what was sent.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
      fails();
    };
    const { run, ids, lines } = sceneOf({ what: "well", mode: "full_refresh_overwrite", steps: { chunk } });
    const result = await run();
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    expect(ids()).toEqual(span(0, 39));
    expect(lines(".ends")).toEqual(["2"]);
  });
});
