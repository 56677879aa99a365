import { describe, expect, it } from "vitest";
import { schemaOf } from "@weir/protocol";
import type { Catalog, DestinationConnector, Field, SourceConnector, Stream } from "@weir/protocol";
import { systemClock } from "@weir/protocol";
import type { StreamDocument } from "../src/document.ts";
import { NO_ROWS } from "../src/document.ts";
import { planSync, restartStream } from "../src/plan.ts";
import type { PlannedStream } from "../src/planned-stream.ts";
import type { Connection, SyncMode, SyncRequest } from "../src/request.ts";

const FIELDS: readonly Field[] = [
  { name: "id", kind: "integer" },
  { name: "at", kind: "timestamp_with_timezone" },
  { name: "name", kind: "string" },
];

function users(fields = FIELDS): Stream {
  return {
    name: "users",
    namespace: "public",
    json_schema: schemaOf(fields),
    supported_sync_modes: ["full_refresh", "incremental"],
    source_defined_primary_key: [["id"]],
  };
}

function catalog(fields = FIELDS): Catalog {
  return { streams: [users(fields)] };
}

function request(
  mode: SyncMode,
  extra: Partial<SyncRequest> = {},
  connection: Partial<Connection> = {},
): SyncRequest {
  return {
    connection: {
      name: "c",
      streams: [{ name: "users", mode, cursor: "at" }],
      namespace: { kind: "destination" },
      prefix: "",
      schemaChanges: "propagate_columns",
      nativeTypes: false,
      rejects: { max: 0 },
      ...connection,
    },
    source: { connector: {} as SourceConnector, config: {} },
    destination: { connector: {} as DestinationConnector, config: {} },
    store: { read: async () => undefined, write: async () => undefined },
    deadLetters: "unused",
    clock: systemClock,
    random: Math.random,
    signal: new AbortController().signal,
    log: () => undefined,
    ...extra,
  };
}

function document(
  mode: SyncMode,
  phase: "loading" | "complete",
  extra: Partial<StreamDocument> = {},
): StreamDocument {
  return {
    mode,
    generation: 3,
    minimumGeneration: phase === "loading" && mode.startsWith("full_refresh_overwrite") ? 3 : 0,
    phase,
    since: 6,
    overlap: false,
    state: { at: 1 },
    sync: 6,
    counts: NO_ROWS,
    rejects: [],
    finished: phase === "complete" ? 6 : 0,
    clear: false,
    uncovered: false,
    schema: { fields: FIELDS, primaryKey: ["id"], cursor: "at" },
    choice: { fields: FIELDS, primaryKey: ["id"], cursor: "at" },
    ...extra,
  };
}

function plan(
  planned: SyncRequest,
  before: StreamDocument | undefined,
  sync = 7,
  offered = catalog(),
): PlannedStream {
  const streams = new Map(before === undefined ? [] : [["public.users", before]]);
  const { streams: result, refused } = planSync({
    request: planned,
    catalog: offered,
    held: { connection: undefined, streams },
    sync,
  });
  const [refusal] = refused;
  if (refusal !== undefined) throw new Error(refusal.failure.message);
  const [only] = result;
  if (only === undefined) throw new Error("nothing planned");
  return only;
}

describe("generations, row by row of SPEC.md", () => {
  it.each([
    ["full_refresh_append", "complete", 4, "append", null],
    ["full_refresh_append", "loading", 3, "append", { at: 1 }],
    ["full_refresh_overwrite", "complete", 4, "overwrite", null],
    ["full_refresh_overwrite", "loading", 3, "overwrite", { at: 1 }],
    ["full_refresh_overwrite_deduped", "complete", 4, "overwrite_dedup", null],
    ["full_refresh_overwrite_deduped", "loading", 3, "overwrite_dedup", { at: 1 }],
    ["incremental_append", "complete", 3, "append", { at: 1 }],
    ["incremental_append", "loading", 3, "append", { at: 1 }],
    ["incremental_append_deduped", "complete", 3, "append_dedup", { at: 1 }],
    ["incremental_append_deduped", "loading", 3, "append_dedup", { at: 1 }],
  ] as const)("%s after %s", (mode, phase, generation, write, state) => {
    const { plan: stream, document: next } = plan(request(mode), document(mode, phase));
    expect([stream.generation, stream.mode, next.state]).toEqual([generation, write, state]);
    expect(stream.fresh).toBe(phase === "complete");
  });

  it.each([
    [false, "overwrite_dedup", 4],
    [true, "append_dedup", 0],
  ])("a refresh, rows retained %s", (retain, write, minimum) => {
    const asked = request("incremental_append_deduped", { refresh: [{ stream: "users", retain }] });
    const { plan: stream, document: next } = plan(asked, document("incremental_append_deduped", "complete"));
    expect([stream.generation, stream.mode, stream.minimumGeneration, next.state]).toEqual([
      4,
      write,
      minimum,
      null,
    ]);
  });

  it("a clear replaces without reading", () => {
    const asked = request("incremental_append", { clear: ["users"] });
    const planned = plan(asked, document("incremental_append", "complete"));
    expect([planned.work, planned.plan.mode, planned.plan.generation]).toEqual(["clear", "overwrite", 4]);
  });

  it("a retry of the sync goes on with the load it began, refresh or not", () => {
    const asked = request("incremental_append", { refresh: [{ stream: "users", retain: false }] });
    const before = document("incremental_append", "loading", {
      sync: 7,
      generation: 4,
      minimumGeneration: 4,
    });
    expect(plan(asked, before).plan).toMatchObject({ generation: 4, mode: "overwrite", fresh: false });
  });

  it("leaves alone what this sync has finished [I10]", () => {
    const before = document("full_refresh_append", "complete", { sync: 7, finished: 7 });
    expect(plan(request("full_refresh_append"), before)).toMatchObject({
      work: "nothing",
      plan: { generation: 3 },
    });
  });

  it("begins anew when the interrupted load was of another mode", () => {
    const before = document("full_refresh_overwrite", "loading");
    expect(plan(request("full_refresh_append"), before)).toMatchObject({
      document: { state: null },
      plan: { generation: 4, fresh: true },
    });
  });

  it("reads a stream whose state was refused again: replaced when replacing, by key when appending", () => {
    const overwrite = restartStream(
      plan(request("full_refresh_overwrite"), document("full_refresh_overwrite", "loading")),
    );
    expect(overwrite).toMatchObject({
      plan: { generation: 4, minimumGeneration: 4, fresh: true },
      document: { state: null, overlap: false },
    });
    const append = restartStream(
      plan(request("incremental_append"), document("incremental_append", "loading")),
    );
    expect(append).toMatchObject({
      plan: { generation: 3, fresh: false },
      document: { state: null, overlap: true },
    });
  });
});

describe("schema changes", () => {
  const wider: readonly Field[] = [...FIELDS, { name: "note", kind: "string" }];
  const before = document("incremental_append", "complete");

  it("propagates a new column", () => {
    expect(plan(request("incremental_append"), before, 7, catalog(wider)).plan.fields).toHaveLength(4);
  });

  it("leaves a new column out under ignore", () => {
    const asked = request("incremental_append", {}, { schemaChanges: "ignore" });
    expect(plan(asked, before, 7, catalog(wider)).plan.fields.map(({ name }) => name)).toEqual([
      "id",
      "at",
      "name",
    ]);
  });

  it("stops under disable until the change is accepted", () => {
    const asked = request("incremental_append", {}, { schemaChanges: "disable" });
    expect(() => plan(asked, before, 7, catalog(wider))).toThrow(/note/);
    expect(plan({ ...asked, acceptSchema: true }, before, 7, catalog(wider)).plan.fields).toHaveLength(4);
  });

  it.each(["propagate_columns", "propagate_fully", "ignore", "disable"] as const)(
    "stops under %s when the cursor is gone",
    (schemaChanges) => {
      const asked = request(
        "full_refresh_append",
        {},
        { schemaChanges, streams: [{ name: "users", mode: "full_refresh_append" }] },
      );
      const narrow = FIELDS.filter(({ name }) => name !== "at");
      expect(() => plan(asked, before, 7, catalog(narrow))).toThrow(/at/);
    },
  );

  it("takes a stream that appeared later only under propagate_fully", () => {
    const second = { ...users(), name: "orders", source_defined_primary_key: [] };
    const offered = { streams: [...catalog().streams, second] };
    const held = {
      connection: undefined,
      streams: new Map([
        [
          "public.users",
          document("full_refresh_overwrite", "complete", { schema: { fields: FIELDS, primaryKey: ["id"] } }),
        ],
      ]),
    };
    const count = (schemaChanges: Connection["schemaChanges"]): number =>
      planSync({
        request: request("full_refresh_append", {}, { streams: "all", schemaChanges }),
        catalog: offered,
        held,
        sync: 7,
      }).streams.length;
    expect([count("propagate_columns"), count("propagate_fully")]).toEqual([1, 2]);
  });
});

describe("names and choices", () => {
  it("refuses two streams for one table", () => {
    const second = { ...users(), namespace: "archive" };
    const offered = { streams: [...catalog().streams, second] };
    const asked = request("full_refresh_append", {}, { streams: "all" });
    expect(() =>
      planSync({
        request: asked,
        catalog: offered,
        held: { connection: undefined, streams: new Map() },
        sync: 1,
      }),
    ).toThrow(/table users/);
  });

  it.each([
    [{ kind: "destination" }, undefined],
    [{ kind: "source" }, "public"],
    [{ kind: "custom", format: "raw_${SOURCE_NAMESPACE}" }, "raw_public"],
    [{ kind: "custom", format: " " }, undefined],
  ] as const)("applies namespace rule %j", (namespace, expected) => {
    const { table } = plan(request("full_refresh_append", {}, { namespace, prefix: "p_" }), undefined).plan;
    expect(table).toEqual(
      expected === undefined ? { name: "p_users" } : { namespace: expected, name: "p_users" },
    );
  });

  it("moves cursor and key though they are not selected", () => {
    const asked = request(
      "incremental_append_deduped",
      {},
      { streams: [{ name: "users", cursor: "at", mode: "incremental_append_deduped", fields: ["name"] }] },
    );
    expect(plan(asked, undefined).plan.fields.map(({ name }) => name)).toEqual(["id", "at", "name"]);
  });

  it.each([
    [[{ name: "nobody" }], /nobody/],
    [[{ name: "users", mode: "incremental_append" }], /cursor/],
    [[{ name: "users", fields: ["nothing"] }], /nothing/],
    [[{ name: "users", mode: "full_refresh_overwrite_deduped", primaryKey: [] }], /primary key/],
  ] as const)("refuses %j", (streams, message) => {
    expect(() => plan(request("full_refresh_append", {}, { streams }), undefined)).toThrow(message);
  });
});

describe("the mode nobody chose", () => {
  it.each([
    [["append", "overwrite", "append_dedup"], "incremental_append_deduped"],
    [["append", "overwrite"], "full_refresh_overwrite"],
    [["append"], "full_refresh_append"],
  ] as const)("is what a destination of %j can do", (modes, mode) => {
    const asked = request("full_refresh_append", {}, { streams: [{ name: "users", cursor: "at" }] });
    const held = { connection: undefined, streams: new Map() };
    const [only] = planSync({ request: asked, catalog: catalog(), held, sync: 1, modes }).streams;
    expect(only?.selected.mode).toBe(mode);
  });
});
