import {
  recordSource,
  type RecordSourceDefinition,
  type RecordStep,
  type RecordStream,
  Type,
} from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import {
  type ConfiguredCatalog,
  fieldsOf,
  type JsonValue,
  type Message,
  type SourceState,
  stringifyJson,
  WeirError,
} from "@weir/protocol";
import { expect, test } from "vitest";

const config = Type.Object({
  rows: Type.Integer(),
  password: Type.Optional(Type.String({ airbyte_secret: true })),
});
type Config = { rows: number };

/** Counts from 1 to `config.rows`, with a state after every second row. */
const numbers: RecordStream<Config> = {
  name: "numbers",
  fields: { n: "integer", price: { kind: "number", precision: 10, scale: 2 } },
  primaryKey: ["n"],
  cursor: "n",
  async *read({ config: { rows }, state }) {
    for (let n = Number(state ?? 0) + 1; n <= rows; n++) {
      yield { record: { n, price: n / 2 } };
      if (n % 2 === 0) yield { state: n };
    }
  },
};

function source(parts: Partial<RecordSourceDefinition<typeof config>> = {}) {
  return recordSource({ id: "source-numbers", title: "Numbers", config, streams: [numbers], ...parts });
}

async function read(
  connector: ReturnType<typeof source>,
  options: {
    readonly rows?: number;
    readonly mode?: "full_refresh" | "incremental";
    readonly state?: readonly SourceState[];
    readonly signal?: AbortSignal;
    readonly into?: Message[];
  } = {},
): Promise<readonly Message[]> {
  const value = { rows: options.rows ?? 3 };
  const context = testContext(options.signal === undefined ? {} : { signal: options.signal });
  const { streams } = await connector.discover(value, context);
  const catalog: ConfiguredCatalog = {
    streams: streams.map((stream) => ({
      stream,
      sync_mode: options.mode ?? "full_refresh",
      destination_sync_mode: "append",
    })),
  };
  const session = await connector.open({ config: value, catalog, state: options.state ?? [], context });
  if (session.kind !== "messages") throw new Error("No messages.");
  const sent = options.into ?? [];
  for await (const message of session.messages(context.signal)) sent.push(message);
  await session.close();
  return sent;
}

/** Messages in a few characters: `COMPLETE numbers`, `n 1`, `state {…} (2)`. */
function brief(messages: readonly Message[]): readonly string[] {
  return messages.map((message) => {
    if (message.type === "RECORD") return `n ${stringifyJson(message.record.data["n"])}`;
    if (message.type === "STATE") {
      const { stream, sourceStats } = message.state;
      return `state ${JSON.stringify(stream?.stream_state)} (${sourceStats?.recordCount})`;
    }
    if (message.type !== "TRACE" || message.trace.type !== "STREAM_STATUS") return message.type;
    const { status, stream_descriptor } = message.trace.stream_status;
    return `${status} ${stream_descriptor.name}`;
  });
}

const stream = (state: JsonValue): SourceState => ({ type: "STREAM", name: "numbers", state });

test("the catalog is made from what the streams declare", async () => {
  const { streams } = await source({
    streams: [
      numbers,
      { ...numbers, name: "log", fields: { at: "date" }, primaryKey: undefined, cursor: undefined },
    ],
  }).discover({ rows: 0 }, testContext());
  expect(streams).toMatchObject([
    {
      name: "numbers",
      supported_sync_modes: ["full_refresh", "incremental"],
      source_defined_cursor: true,
      default_cursor_field: ["n"],
      source_defined_primary_key: [["n"]],
    },
    { name: "log", supported_sync_modes: ["full_refresh"] },
  ]);
  expect(streams[1]).not.toHaveProperty("source_defined_primary_key");
  expect(fieldsOf(streams[0]?.json_schema ?? {})).toEqual([
    { name: "n", kind: "integer" },
    { name: "price", kind: "number", precision: 10, scale: 2 },
  ]);
});

test("rows, the author's states and statuses become messages; the last state marks a full read complete", async () => {
  const messages = await read(source());
  expect(brief(messages)).toEqual([
    "STARTED numbers",
    "RUNNING numbers",
    "n 1",
    "n 2",
    'state {"progress":2} (2)',
    "n 3",
    'state {"progress":2,"complete":true} (1)',
    "COMPLETE numbers",
  ]);
  expect(messages[2]).toEqual({
    type: "RECORD",
    record: {
      stream: "numbers",
      namespace: undefined,
      data: { n: 1, price: 0.5 },
      emitted_at: 1_577_836_800_000,
    },
  });
});

test("a stream without rows has a state all the same", async () => {
  expect(brief(await read(source(), { rows: 0 }))).toEqual([
    "STARTED numbers",
    'state {"progress":null,"complete":true} (0)',
    "COMPLETE numbers",
  ]);
});

test("a read goes on from its state, and a complete full read is not repeated", async () => {
  expect(brief(await read(source(), { rows: 4, state: [stream({ progress: 2 })] }))).toEqual([
    "STARTED numbers",
    "RUNNING numbers",
    "n 3",
    "n 4",
    'state {"progress":4} (2)',
    'state {"progress":4,"complete":true} (0)',
    "COMPLETE numbers",
  ]);
  expect(brief(await read(source(), { state: [stream({ progress: 2, complete: true })] }))).toEqual([
    "STARTED numbers",
    'state {"progress":2,"complete":true} (0)',
    "COMPLETE numbers",
  ]);
});

test("an incremental read goes on after a complete full one", async () => {
  const state = [stream({ progress: 2, complete: true })];
  expect(brief(await read(source(), { mode: "incremental", rows: 4, state }))).toEqual([
    "STARTED numbers",
    "RUNNING numbers",
    "n 3",
    "n 4",
    'state {"progress":4} (2)',
    "COMPLETE numbers",
  ]);
});

test("an incremental reader that gives no state is at fault", async () => {
  const forgetful: RecordStream<Config> = {
    ...numbers,
    async *read() {
      yield { record: { n: 1 } };
    },
  };
  await expect(read(source({ streams: [forgetful] }), { mode: "incremental" })).rejects.toMatchObject({
    failure: { code: "source.state_missing", stream: "numbers" },
  });
});

test("a stream that fails is incomplete; the others are read; the failure is thrown at the end", async () => {
  const broken: RecordStream<Config> = {
    ...numbers,
    name: "broken",
    async *read() {
      yield { record: { n: 1 } };
      throw new WeirError({
        code: "source.unreachable",
        message: "Gone.",
        next: "Wait.",
        recovery: "retry",
        origin: "source",
      });
    },
  };
  const into: Message[] = [];
  await expect(read(source({ streams: [broken, numbers] }), { into, rows: 1 })).rejects.toMatchObject({
    failure: { code: "source.unreachable" },
  });
  expect(brief(into)).toEqual([
    "STARTED broken",
    "RUNNING broken",
    "n 1",
    "INCOMPLETE broken",
    "STARTED numbers",
    "RUNNING numbers",
    "n 1",
    'state {"progress":null,"complete":true} (1)',
    "COMPLETE numbers",
  ]);
});

test("an abort ends a reader that looks at no signal, at once", async () => {
  const controller = new AbortController();
  const hanging: RecordStream<Config> = {
    ...numbers,
    async *read(): AsyncGenerator<RecordStep> {
      yield { record: { n: 1 } };
      controller.abort(new Error("cancelled"));
      await new Promise(() => {});
    },
  };
  await expect(read(source({ streams: [hanging] }), { signal: controller.signal })).rejects.toThrow(
    "cancelled",
  );
});

test("a reader is closed when the engine stops listening", async () => {
  let closed = false;
  const endless: RecordStream<Config> = {
    ...numbers,
    async *read() {
      try {
        for (let n = 1; ; n++) yield { record: { n } };
      } finally {
        closed = true;
      }
    },
  };
  const connector = source({ streams: [endless] });
  const context = testContext();
  const { streams } = await connector.discover({ rows: 0 }, context);
  const catalog: ConfiguredCatalog = {
    streams: streams.map((item) => ({
      stream: item,
      sync_mode: "full_refresh",
      destination_sync_mode: "append",
    })),
  };
  const session = await connector.open({ config: { rows: 0 }, catalog, state: [], context });
  if (session.kind !== "messages") throw new Error("No messages.");
  for await (const message of session.messages(context.signal)) if (message.type === "RECORD") break;
  expect(closed).toBe(true);
});

test("a check reads one row of the first stream and closes the reader; its failure is the check's", async () => {
  let given = 0;
  const counting: RecordStream<Config> = {
    ...numbers,
    async *read() {
      for (;;) {
        given += 1;
        yield { record: { n: given } };
      }
    },
  };
  expect(await source({ streams: [counting] }).check({ rows: 1 }, testContext())).toMatchObject({
    status: "SUCCEEDED",
  });
  expect(given).toBe(1);
  const failing = source({
    streams: async () => {
      throw new Error("no such site: hunter2");
    },
  });
  const result = await failing.check({ rows: 1, password: "hunter2" }, testContext());
  expect(result).toMatchObject({
    status: "FAILED",
    message: "Unexpected failure: Error: no such site: **********",
  });
});

test("a stream that is asked for and no longer there is named", async () => {
  let streams: readonly RecordStream<Config>[] = [numbers];
  const connector = source({ streams: async () => streams });
  const context = testContext();
  const catalog = await connector.discover({ rows: 1 }, context);
  streams = [];
  const configured = catalog.streams.map(
    (item) => ({ stream: item, sync_mode: "full_refresh", destination_sync_mode: "append" }) as const,
  );
  const session = await connector.open({
    config: { rows: 1 },
    catalog: { streams: configured },
    state: [],
    context,
  });
  if (session.kind !== "messages") throw new Error("No messages.");
  await expect(Array.fromAsync(session.messages(context.signal))).rejects.toMatchObject({
    failure: { code: "source.stream_missing", recovery: "ask" },
  });
});
