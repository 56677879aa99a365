import {
  catalogOf,
  faultAt,
  memorySource,
  type MemorySourceOptions,
  type MemoryStream,
  scriptedSource,
  testContext,
} from "@weir/kit/testing";
import { rowsOf } from "@weir/kit";
import type {
  ConfiguredCatalog,
  Encoding,
  JsonValue,
  Message,
  PartSession,
  SourceConnector,
  SourceSession,
  SourceState,
  StreamReader,
} from "@weir/protocol";
import { expect, test } from "vitest";
import { parseCsv } from "../../src/testing/csv.ts";

const never = new AbortController().signal;

function items(rows: MemoryStream["rows"]): MemoryStream {
  return {
    name: "items",
    fields: [
      { name: "id", kind: "integer" },
      { name: "seen", kind: "integer" },
      { name: "note", kind: "string" },
    ],
    primaryKey: ["id"],
    cursor: "seen",
    rows,
  };
}

const three = [
  { id: 1, seen: 10, note: "a" },
  { id: 2, seen: 30, note: "b" },
  { id: 3, seen: 10, note: "c" },
];

function configured(
  streams: readonly MemoryStream[],
  sync_mode: "full_refresh" | "incremental",
): ConfiguredCatalog {
  return {
    streams: catalogOf(streams).streams.map((stream) => ({
      stream,
      sync_mode,
      destination_sync_mode: "append",
    })),
  };
}

function open(
  connector: SourceConnector,
  catalog: ConfiguredCatalog,
  state: readonly SourceState[] = [],
): Promise<SourceSession> {
  return connector.open({ config: {}, catalog, state, context: testContext() });
}

async function reader(
  options: MemorySourceOptions,
  mode: "full_refresh" | "incremental",
  state: JsonValue | null = null,
): Promise<StreamReader> {
  const catalog = configured(options.streams, mode);
  const session = (await open(memorySource(options), catalog)) as PartSession;
  const [first] = catalog.streams;
  if (first === undefined) throw new Error("No stream.");
  return session.reader(first, state);
}

const batches: Encoding = {
  format: "batch",
  columns: items([]).fields.map((field) => ({ field, type: "" })),
  cost: 4,
};

/** Ids of the rows, state and overlap of each part. */
async function partsOf(of: StreamReader): Promise<readonly (readonly [JsonValue[], JsonValue, boolean])[]> {
  const parts: (readonly [JsonValue[], JsonValue, boolean])[] = [];
  for await (const part of of.parts(never)) {
    const read = part.read(batches, never);
    const ids: JsonValue[] = [];
    if (read.form !== "batches") throw new Error("No batches.");
    for await (const batch of read.chunks)
      for (const { data } of rowsOf(batch, batches)) ids.push(data["id"] ?? null);
    expect(read.rows()).toBe(ids.length);
    parts.push([ids, part.state, part.overlap]);
  }
  return parts;
}

test("a full read in parts goes on from any part's state", async () => {
  const options = { streams: [items(three)], partRows: 2 };
  expect(await partsOf(await reader(options, "full_refresh"))).toEqual([
    [[1, 2], { next: 2 }, false],
    [[3], { next: 3 }, false],
  ]);
  expect(await partsOf(await reader(options, "full_refresh", { next: 2 }))).toEqual([
    [[3], { next: 3 }, false],
  ]);
});

test("a stream without rows still has one part, with a state", async () => {
  expect(await partsOf(await reader({ streams: [items([])] }, "full_refresh"))).toEqual([
    [[], { next: 0 }, false],
  ]);
  expect(await partsOf(await reader({ streams: [items([])] }, "incremental"))).toEqual([[[], {}, false]]);
});

test("an incremental read goes on between rows of one cursor value and finds rows added to it", async () => {
  const stream = items(three);
  const options = { streams: [stream], partRows: 1 };
  expect(await partsOf(await reader(options, "incremental"))).toEqual([
    [[1], { cursor: 10, sent: 1 }, false],
    [[3], { cursor: 10, sent: 2 }, false],
    [[2], { cursor: 30, sent: 1 }, false],
  ]);
  expect(await partsOf(await reader(options, "incremental", { cursor: 10, sent: 1 }))).toEqual([
    [[3], { cursor: 10, sent: 2 }, false],
    [[2], { cursor: 30, sent: 1 }, false],
  ]);
  stream.rows = [...three, { id: 4, seen: 30, note: "d" }, { id: 5, seen: 40, note: "e" }];
  expect(
    await partsOf(await reader({ ...options, partRows: 9 }, "incremental", { cursor: 30, sent: 1 })),
  ).toEqual([[[4, 5], { cursor: 40, sent: 1 }, false]]);
});

test("on request a resumed full read looks at everything again", async () => {
  const options = { streams: [items(three)], partRows: 2, overlapOnResume: true };
  expect(await partsOf(await reader(options, "full_refresh", { next: 2 }))).toEqual([
    [[1, 2, 3], { next: 2 }, true],
    [[3], { next: 3 }, false],
  ]);
});

test("a part reads the same rows again, whatever became of the stream", async () => {
  const stream = items(three);
  const of = await reader({ streams: [stream] }, "full_refresh");
  for await (const part of of.parts(never)) {
    stream.rows = [];
    for (let times = 0; times < 2; times++) {
      const read = part.read(batches, never);
      for await (const chunk of read.chunks) expect(chunk).toMatchObject({ rows: 3 });
      expect(read.rows()).toBe(3);
    }
  }
});

test("bytes and batches hold the same rows", async () => {
  const hostile = ['a,"b"', "line\nbreak", "\\N", "", null, "\r", "é😀"].map((note, id) => ({
    id,
    seen: 0,
    note,
  }));
  const of = await reader({ streams: [items(hostile)], csv: true, batchRows: 2 }, "full_refresh");
  const csv: Encoding = { ...batches, format: "csv", cost: 1 };
  expect(of.gives(csv)).toBe(true);
  for await (const part of of.parts(never)) {
    const read = part.read(csv, never);
    if (read.form !== "bytes") throw new Error("No bytes.");
    let text = "";
    for await (const chunk of read.chunks) text += new TextDecoder().decode(chunk);
    const rows = [...rowsOf(parseCsv(text, csv), csv)].map(({ data }) => data);
    expect(rows).toEqual(hostile);
  }
});

test("a value that does not fit cannot go as bytes", async () => {
  const of = await reader({ streams: [items([{ id: "x" }])], csv: true }, "full_refresh");
  for await (const part of of.parts(never)) {
    const read = part.read({ ...batches, format: "csv" }, never);
    await expect(read.chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      failure: { recovery: "skip" },
    });
  }
});

test("a state that cannot be continued is said so", async () => {
  const refuseState = (_stream: string, state: JsonValue | null): string | undefined =>
    state === null ? undefined : "the table was rewritten";
  const options = { streams: [items(three)], refuseState };
  expect((await reader(options, "full_refresh", { next: 1 })).restart).toEqual({
    reason: "the table was rewritten",
  });
  expect((await reader(options, "full_refresh")).restart).toBeUndefined();
});

async function messages(session: SourceSession): Promise<readonly Message[]> {
  if (session.kind !== "messages") throw new Error("No messages.");
  return Array.fromAsync(session.messages(never));
}

test.each(["STREAM", "GLOBAL", "LEGACY"] as const)(
  "messages with %s states go on from the last",
  async (form) => {
    const streams = [items(three), { ...items(three.slice(0, 1)), name: "other", namespace: "shop" }];
    const connector = memorySource({ streams, session: form, partRows: 2 });
    const catalog = configured(streams, "full_refresh");
    const all = await messages(await open(connector, catalog));
    const records = all.filter((message) => message.type === "RECORD");
    expect(records.map(({ record }) => [record.namespace, record.stream, record.data["id"]])).toEqual([
      [undefined, "items", 1],
      [undefined, "items", 2],
      [undefined, "items", 3],
      ["shop", "other", 1],
    ]);
    const states = all.filter((message) => message.type === "STATE");
    expect(states.map(({ state }) => [state.type, state.sourceStats?.recordCount])).toEqual([
      [form, 2],
      [form, 1],
      [form, 1],
    ]);
    const rest = await messages(await open(connector, catalog, [stateFrom(states[0])]));
    const ids = rest.flatMap((message) => (message.type === "RECORD" ? [message.record.data["id"]] : []));
    expect(ids).toEqual([3, 1]);
  },
);

function stateFrom(message: Message | undefined): SourceState {
  if (message?.type !== "STATE") throw new Error("No state.");
  const { stream, global, data } = message.state;
  if (stream !== undefined)
    return { type: "STREAM", ...stream.stream_descriptor, state: stream.stream_state ?? null };
  if (global === undefined) return { type: "LEGACY", data: data ?? null };
  const streams = global.stream_states.map((item) => ({
    ...item.stream_descriptor,
    state: item.stream_state ?? null,
  }));
  return { type: "GLOBAL", shared: global.shared_state ?? null, streams };
}

test("faults come where they are planned", async () => {
  const catalog = configured([items(three)], "full_refresh");
  for (const point of ["source.discover", "source.open"] as const) {
    const connector = memorySource({ streams: [items(three)], faults: faultAt(point) });
    const act = () =>
      point === "source.open" ? open(connector, catalog) : connector.discover({}, testContext());
    await expect(act()).rejects.toMatchObject({ failure: { code: "source.injected", recovery: "retry" } });
    await act();
  }
  const of = await reader(
    { streams: [items(three)], batchRows: 1, faults: faultAt("source.chunk", 2) },
    "full_refresh",
  );
  await expect(partsOf(of)).rejects.toMatchObject({ failure: { code: "source.injected" } });
  expect(await partsOf(of)).toHaveLength(1);
});

test("a script says what it is told to, and stops when aborted", async () => {
  const controller = new AbortController();
  const log: Message = { type: "LOG", log: { level: "INFO", message: "hello" } };
  const session = await open(
    scriptedSource({ streams: [] }, () => [log, log]),
    { streams: [] },
  );
  if (session.kind !== "messages") throw new Error("No messages.");
  const sent = session.messages(controller.signal)[Symbol.asyncIterator]();
  expect(await sent.next()).toEqual({ done: false, value: log });
  controller.abort(new Error("enough"));
  await expect(sent.next()).rejects.toThrow("enough");
});
