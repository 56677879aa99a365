import { defineSource, Type } from "@weir/kit";
import { inProcess, parseStates } from "@weir/kit/executable";
import { catalogOf, memorySource, type MemoryStream, testContext } from "@weir/kit/testing";
import type { Command, Message, SourceConnector } from "@weir/protocol";
import { expect, test } from "vitest";

const items: MemoryStream = {
  name: "items",
  fields: [
    { name: "id", kind: "integer" },
    { name: "at", kind: "timestamp_with_timezone" },
    { name: "local", kind: "timestamp_without_timezone" },
    { name: "time", kind: "time_with_timezone" },
    { name: "flag", kind: "boolean" },
  ],
  rows: [
    {
      id: 12345678901234567890n,
      at: "2024-05-01 12:00:00.5+02",
      local: "2024-05-01 10:00:00",
      time: "10:00:00+05:30",
      flag: true,
    },
    { id: 2, at: "0044-03-15 12:00:00+00 BC", local: "infinity", time: "10:00:00Z", flag: "perhaps" },
  ],
};

async function run(connector: SourceConnector, command: Command): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const message of inProcess(connector).run(command, testContext())) messages.push(message);
  return messages;
}

function readOf(
  streams: readonly MemoryStream[],
  state: Extract<Command, { name: "read" }>["state"] = [],
): Command {
  const catalog = {
    streams: catalogOf(streams).streams.map((stream) => ({
      stream,
      sync_mode: "full_refresh" as const,
      destination_sync_mode: "append" as const,
    })),
  };
  return { name: "read", config: {}, catalog, state };
}

test("values are JSON of their types, times as Airbyte writes them", async () => {
  const messages = await run(memorySource({ streams: [items] }), readOf([items]));
  const records = messages.flatMap((message) => (message.type === "RECORD" ? [message.record] : []));
  expect(records.map(({ data }) => data)).toEqual([
    {
      id: 12345678901234567890n,
      at: "2024-05-01T10:00:00.500000Z",
      local: "2024-05-01T10:00:00.000000",
      time: "10:00:00.000000+05:30",
      flag: true,
    },
    {
      id: 2,
      at: "0044-03-15T12:00:00.000000Z BC",
      local: "infinity",
      time: "10:00:00.000000Z",
      flag: null,
    },
  ]);
  expect(records[1]?.meta?.changes).toEqual([
    { field: "flag", change: "NULLED", reason: "SOURCE_SERIALIZATION_ERROR" },
  ]);
});

test("a state that cannot be gone on from is told, and everything is read", async () => {
  const connector = memorySource({ streams: [items], refuseState: () => "the table was rewritten" });
  const state = [{ type: "STREAM", name: "items", state: { somebody: 1 } }] as const;
  const messages = await run(connector, readOf([items], state));
  expect(messages.filter(({ type }) => type === "RECORD")).toHaveLength(2);
  expect(JSON.stringify(messages.filter(({ type }) => type === "LOG"))).toContain("the table was rewritten");
});

test("a stream that fails is INCOMPLETE, the others are read, the error comes last", async () => {
  const gone = { ...items, name: "gone" };
  const messages: Message[] = [];
  const reading = (async () => {
    const runner = inProcess(memorySource({ streams: [items] }));
    for await (const message of runner.run(readOf([gone, items]), testContext())) messages.push(message);
  })();
  await expect(reading).rejects.toThrow("no stream gone");
  const told = messages.flatMap((message) =>
    message.type !== "TRACE"
      ? []
      : message.trace.type === "STREAM_STATUS"
        ? [`${message.trace.stream_status.stream_descriptor.name} ${message.trace.stream_status.status}`]
        : message.trace.type === "ERROR"
          ? [`error of ${message.trace.error.stream_descriptor?.name}`]
          : [],
  );
  expect(told).toEqual([
    "gone STARTED",
    "gone INCOMPLETE",
    "items STARTED",
    "items RUNNING",
    "items COMPLETE",
    "error of gone",
  ]);
});

test("a rotated configuration is sent before the source goes on with it", async () => {
  const order: string[] = [];
  const connector = defineSource({
    id: "source-rotating",
    title: "Rotating",
    config: Type.Object({}),
    check: async () => undefined,
    discover: async (_config, context) => {
      await context.rotate?.({ token: "new" });
      order.push("goes on");
      return { streams: [] };
    },
    open: async () => ({ kind: "messages", messages: async function* () {}, close: async () => undefined }),
  });
  const runner = inProcess(connector);
  for await (const message of runner.run({ name: "discover", config: {} }, testContext())) {
    order.push(message.type);
  }
  expect(order).toEqual(["CONTROL", "goes on", "CATALOG"]);
});

const stream = { type: "STREAM", stream: { stream_descriptor: { name: "a" }, stream_state: { n: 1 } } };
const read = [{ type: "STREAM", name: "a", state: { n: 1 } }];

test.for<readonly [string, unknown, unknown]>([
  ["nothing", "", []],
  ["an empty object", {}, []],
  ["a list", [stream], read],
  ["a message", { type: "STATE", state: stream }, read],
  [
    "the API's form",
    { stateType: "stream", streamState: [{ streamDescriptor: { name: "a" }, streamState: { n: 1 } }] },
    read,
  ],
  [
    "a GLOBAL one",
    [{ type: "GLOBAL", global: { shared_state: { s: 1 }, stream_states: [stream.stream] } }],
    [{ type: "GLOBAL", shared: { s: 1 }, streams: [{ name: "a", state: { n: 1 } }] }],
  ],
  ["any other object", { cursor: 5 }, [{ type: "LEGACY", data: { cursor: 5 } }]],
])("a state file that is %s", ([, given, wanted]) => {
  expect(parseStates(typeof given === "string" ? given : JSON.stringify(given))).toEqual(wanted);
});

test("a state file that is something else is refused", () => {
  for (const text of ["no json", "[5]", '[{"type":"STREAM"}]']) {
    expect(() => parseStates(text)).toThrow("The state is not what a source emits");
  }
});
