import { describe, expect, it } from "vitest";
import { BY_DAY, manifestOf, parentOf, readThrough, serverOf, streamOf } from "./scripted.ts";

describe("a stream read by an instant", () => {
  const manifest = manifestOf([streamOf("items", "/items", { incremental_sync: BY_DAY })]);

  it("asks from its start to its end and keeps the greatest value", async () => {
    const server = serverOf({
      "/items?from=2025-03-01&to=2025-03-04": [
        { id: 1, updated: "2025-03-02" },
        { id: 2, updated: "2025-03-03" },
      ],
    });
    const { records, states, statuses } = await readThrough({ manifest, server, streams: ["items"] });
    expect(records).toHaveLength(2);
    expect(states).toEqual([{ updated: "2025-03-03" }, { updated: "2025-03-03" }]);
    expect(statuses).toEqual(["items STARTED", "items RUNNING", "items COMPLETE"]);
  });

  it("goes on from a state and keeps what else the state held", async () => {
    const server = serverOf({ "/items?from=2025-03-03&to=2025-03-04": [] });
    const state = { items: { updated: "2025-03-03", old: 1 } };
    const { states } = await readThrough({ manifest, server, streams: ["items"], state });
    expect(server.asked).toHaveLength(1);
    expect(states.at(-1)).toEqual({ updated: "2025-03-03", old: 1 });
  });

  it("counts the records between states", async () => {
    const server = serverOf({ "/items?from=2025-03-01&to=2025-03-04": [{ id: 1, updated: "2025-03-02" }] });
    const { messages } = await readThrough({ manifest, server, streams: ["items"] });
    const counts = messages.flatMap((each) =>
      each.type === "STATE" ? [each.state.sourceStats?.recordCount] : [],
    );
    expect(counts).toEqual([1, 0]);
  });

  it("ignores a state before its start, and asks nothing when nothing lies between", async () => {
    const server = serverOf({ "/items?from=2025-03-01&to=2025-03-04": [] });
    await readThrough({ manifest, server, streams: ["items"], state: { items: { updated: "2024-01-01" } } });
    expect(server.asked).toEqual(["/items?from=2025-03-01&to=2025-03-04"]);
    const idle = serverOf({});
    const state = { items: { updated: "2025-03-04" } };
    const { states } = await readThrough({ manifest, server: idle, streams: ["items"], state });
    expect(idle.asked).toEqual([]);
    expect(states).toEqual([{ updated: "2025-03-04" }]);
  });
});

describe("slices of time", () => {
  const stepped = { ...BY_DAY, step: "P2D", cursor_granularity: "P1D" };
  const manifest = manifestOf([streamOf("items", "/items", { incremental_sync: stepped })]);

  it("ends each a granule before the next, the last at the end", async () => {
    const server = serverOf({
      "/items?from=2025-03-01&to=2025-03-02": [{ id: 1, updated: "2025-03-02" }],
      "/items?from=2025-03-03&to=2025-03-04": [{ id: 2, updated: "2025-03-03" }],
    });
    const { states } = await readThrough({ manifest, server, streams: ["items"] });
    expect(server.asked).toEqual([
      "/items?from=2025-03-01&to=2025-03-02",
      "/items?from=2025-03-03&to=2025-03-04",
    ]);
    expect(states).toEqual([{ updated: "2025-03-02" }, { updated: "2025-03-03" }, { updated: "2025-03-03" }]);
  });

  it("reads the others when one fails, and leaves the state before the gap", async () => {
    const server = serverOf({
      "/items?from=2025-03-01&to=2025-03-02": { status: 403, body: {} },
      "/items?from=2025-03-03&to=2025-03-04": [{ id: 2, updated: "2025-03-03" }],
    });
    const reading = await readThrough({ manifest, server, streams: ["items"] });
    expect(reading.records).toEqual([{ id: 2, updated: "2025-03-03" }]);
    expect(reading.states.at(-1)).toEqual({ updated: "2025-03-01" });
    expect(reading.statuses.at(-1)).toBe("items INCOMPLETE");
    expect(reading.failure?.failure.stream).toBe("items");
  });

  it("refuses a step without a granularity", async () => {
    const { cursor_granularity: _, ...halved } = stepped;
    const broken = manifestOf([streamOf("items", "/items", { incremental_sync: halved })]);
    const { failure } = await readThrough({ manifest: broken, server: serverOf({}), streams: ["items"] });
    expect(failure?.failure).toMatchObject({ code: "manifest.component", path: "cursor_granularity" });
  });
});

describe("partitions read incrementally", () => {
  const child = streamOf("children", "/children/{{ stream_partition.parent_id }}", {
    incremental_sync: BY_DAY,
    retriever: { partition_router: parentOf(streamOf("parents", "/parents")) },
  });
  const withRequester = {
    ...child,
    retriever: {
      ...(child["retriever"] as object),
      partition_router: parentOf(streamOf("parents", "/parents")),
    },
  };
  const manifest = manifestOf([withRequester]);
  const query = "?from=2025-03-01&to=2025-03-04";

  it("keeps a state for each partition and one for those to come", async () => {
    const server = serverOf({
      "/parents": [{ id: 1 }, { id: 2 }, { id: 1 }],
      [`/children/1${query}`]: [{ id: 10, updated: "2025-03-02" }],
      [`/children/2${query}`]: [],
    });
    const { states } = await readThrough({ manifest, server, streams: ["children"] });
    expect(server.asked).toEqual(["/parents", `/children/1${query}`, `/children/2${query}`]);
    expect(states.at(-1)).toEqual({
      use_global_cursor: false,
      states: [
        { partition: { parent_id: 1, parent_slice: {} }, cursor: { updated: "2025-03-02" } },
        { partition: { parent_id: 2, parent_slice: {} }, cursor: { updated: "2025-03-01" } },
      ],
      state: { updated: "2025-03-02" },
      lookback_window: 0,
      parent_state: {},
    });
  });

  it("starts unknown partitions from the global state, less what an earlier sync took", async () => {
    const server = serverOf({
      "/parents": [{ id: 1 }, { id: 3 }],
      "/children/1?from=2025-03-02&to=2025-03-04": [],
      "/children/3?from=2025-03-03&to=2025-03-04": [],
    });
    const state = {
      children: {
        use_global_cursor: false,
        states: [{ partition: { parent_id: 1, parent_slice: {} }, cursor: { updated: "2025-03-02" } }],
        state: { updated: "2025-03-04" },
        lookback_window: 3600,
      },
    };
    const { failure } = await readThrough({ manifest, server, streams: ["children"], state });
    expect(failure).toBeNull();
    expect(server.asked).toHaveLength(3);
  });

  it("finishes the others when one partition fails, without a global state", async () => {
    const server = serverOf({
      "/parents": [{ id: 1 }, { id: 2 }],
      [`/children/1${query}`]: { status: 403, body: {} },
      [`/children/2${query}`]: [{ id: 20, updated: "2025-03-03" }],
    });
    const { records, states, statuses } = await readThrough({ manifest, server, streams: ["children"] });
    expect(records).toEqual([{ id: 20, updated: "2025-03-03" }]);
    expect(states.at(-1)).not.toHaveProperty("state");
    expect(states.at(-1)).toHaveProperty("states.1.cursor.updated", "2025-03-03");
    expect(statuses.at(-1)).toBe("children INCOMPLETE");
  });
});
