import { inProcess, messageLine } from "@weir/kit/executable";
import { memoryDestination, testContext } from "@weir/kit/testing";
import type { ConfiguredStream, Context, Message, StateMessage } from "@weir/protocol";
import { schemaOf, systemClock, WeirError } from "@weir/protocol";
import { expect, test } from "vitest";

const context: Context = testContext({ clock: systemClock });

function stream(more: Partial<ConfiguredStream> = {}): ConfiguredStream {
  return {
    stream: {
      name: "orders",
      json_schema: schemaOf([{ name: "id", kind: "integer" }]),
      supported_sync_modes: ["full_refresh"],
    },
    sync_mode: "full_refresh",
    destination_sync_mode: "append",
    generation_id: 1,
    minimum_generation_id: 0,
    sync_id: 1,
    ...more,
  };
}

function record(id: number | string): Message {
  return { type: "RECORD", record: { stream: "orders", data: { id }, emitted_at: 1 } };
}

function state(at: number): StateMessage {
  const stream_descriptor = { name: "orders" };
  return { type: "STATE", state: { type: "STREAM", stream: { stream_descriptor, stream_state: { at } } } };
}

const complete: Message = {
  type: "TRACE",
  trace: {
    type: "STREAM_STATUS",
    emitted_at: 1,
    stream_status: { stream_descriptor: { name: "orders" }, status: "COMPLETE" },
  },
};

async function write(
  memory: ReturnType<typeof memoryDestination>,
  streams: readonly ConfiguredStream[],
  messages: Iterable<Message> | AsyncIterable<Message>,
  options = {},
): Promise<readonly Message[]> {
  const input = (async function* () {
    yield* messages;
  })();
  const seen: Message[] = [];
  const runner = inProcess(memory.connector, options);
  const command = { name: "write", config: {}, catalog: { streams }, messages: input } as const;
  for await (const message of runner.run(command, context)) seen.push(message);
  return seen;
}

const statesOf = (messages: readonly Message[]) => messages.filter((message) => message.type === "STATE");

test("of two writers for the same streams the later one takes over", async () => {
  const memory = memoryDestination();
  const go = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const older = write(
    memory,
    [stream()],
    (async function* () {
      yield record(1);
      started.resolve();
      await go.promise;
      yield state(1);
    })(),
    { random: () => 0 },
  );
  await started.promise;
  await write(memory, [stream()], [record(2), state(1), complete]);
  go.resolve();
  await expect(older).rejects.toMatchObject({ failure: { code: "destination.fenced" } });
  expect(memory.rows("orders").map(({ data }) => data)).toEqual([{ id: 2 }]);
});

test("rows that are refused are counted with the state that covers them", async () => {
  const memory = memoryDestination({ refuses: ({ id }) => (id === 2 ? "no twos" : undefined) });
  const messages = await write(
    memory,
    [stream()],
    [record(1), state(1), record(2), record(3), state(2), complete],
  );
  expect(statesOf(messages).map(({ state: { destinationStats } }) => destinationStats)).toEqual([
    { recordCount: 1 },
    { recordCount: 1, rejectedRecordCount: 1 },
  ]);
  expect(messages).toContainEqual(
    expect.objectContaining({ log: expect.objectContaining({ level: "WARN" }) as unknown }),
  );
});

test("counts of a state have a decimal point on the wire", () => {
  const message = { ...state(1), state: { ...state(1).state, sourceStats: { recordCount: 250 } } };
  expect(messageLine(message)).toContain('"sourceStats":{"recordCount":250.0}');
});

test("a platform without generations: every overwrite replaces at the end of its input", async () => {
  const memory = memoryDestination();
  const { generation_id: _id, minimum_generation_id: _minimum, ...rest } = stream();
  const overwrite = { ...rest, destination_sync_mode: "overwrite" } as const;
  await write(memory, [overwrite], [record(1)]);
  await write(memory, [overwrite], [record(2)]);
  expect(memory.rows("orders").map(({ data, generation }) => [data["id"], generation])).toEqual([[2, 2]]);
});

test("a retry after the stream was completed empties nothing", async () => {
  const memory = memoryDestination();
  const overwrite = stream({ destination_sync_mode: "overwrite", minimum_generation_id: 1 });
  await write(memory, [overwrite], [record(1), state(1), complete]);
  await write(memory, [overwrite], [complete]);
  expect(memory.rows("orders")).toHaveLength(1);
});

test.for<readonly [string, Partial<ConfiguredStream>, readonly Message[], string]>([
  ["a minimum in between", { generation_id: 5, minimum_generation_id: 3 }, [], "config.generations_hybrid"],
  ["dedup without a key", { destination_sync_mode: "append_dedup" }, [], "config.key_missing"],
  ["a key inside an object", { primary_key: [["a", "b"]] }, [], "config.path_nested"],
  ["a mode of other platforms", { destination_sync_mode: "soft_delete" }, [], "config.mode_unsupported"],
  ["a record after COMPLETE", {}, [complete, record(1)], "source.record_after_complete"],
  [
    "a stream nobody asked for",
    {},
    [{ type: "RECORD", record: { stream: "other", data: {}, emitted_at: 1 } }],
    "source.stream_unasked",
  ],
])("%s is refused, told once as TRACE ERROR", async ([, more, messages, code]) => {
  const memory = memoryDestination();
  const seen: Message[] = [];
  const command = {
    name: "write",
    config: {},
    catalog: { streams: [stream(more)] },
    messages: (async function* () {
      yield* messages;
    })(),
  } as const;
  const failed = (async () => {
    for await (const message of inProcess(memory.connector).run(command, context)) seen.push(message);
  })();
  await expect(failed).rejects.toThrow(WeirError);
  const errors = seen.filter((message) => message.type === "TRACE" && message.trace.type === "ERROR");
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({ trace: { error: { internal_message: code } } });
});
