import type { Change, JsonObject, Message, StateMessage } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { expect, expectEqual } from "../expect.ts";
import { ofType, wentWell } from "../run-command.ts";
import type { DestinationScene } from "./scene.ts";

const NOTE: Change = { field: "note", change: "TRUNCATED", reason: "SOURCE_FIELD_SIZE_LIMITATION" };

export async function oneRecord(scene: DestinationScene): Promise<JsonObject> {
  const stream = scene.stream(
    scene.name("one"),
    { id: "integer", note: "string" },
    { generation: 42, sync: 77 },
  );
  const record = scene.record(stream, { id: 5678, note: "cut" }, [NOTE]);
  const state = scene.state(stream, 1, 1);
  const sent = { ...state, state: { ...state.state, id: 12, unknown: { kept: true } } } as StateMessage;
  const result = await scene.write([stream], [record, sent, scene.complete(stream)]);
  const states = ofType(wentWell(result, "write"), "STATE");
  expect(states.length === 1, `${states.length} states came back, not 1`);
  const echoed = { ...sent.state, destinationStats: { recordCount: 1 } };
  expectEqual(states[0]?.state, echoed, "the state that came back");
  if (scene.subject.dump === undefined) return { readBack: false };
  const [row] = await scene.expectRows(stream, [{ id: 5678, note: "cut" }]);
  expect(record.type === "RECORD", "a record was sent");
  expectEqual(row?.extractedAt, record.record.emitted_at, "the time of the row");
  expectEqual(row?.generation, 42, "the generation of the row");
  expectEqual(row?.sync, 77, "the sync of the row");
  const found = (row?.changes ?? []).map(({ field, change, reason }) => ({ field, change, reason }));
  expectEqual(found, [NOTE], "the changes of the row");
  return { readBack: true };
}

export async function killedAfterAcknowledgement(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const { modes } = scene.subject.behaviour;
  let killed = 0;
  for (const mode of modes.filter((each) => each !== "overwrite")) {
    const stream = scene.stream(scene.name(mode), { id: "integer" }, { mode, key: ["id"] });
    const writing = scene.start([stream]);
    writing.send(scene.record(stream, { id: 1 }), scene.state(stream, 1, 1));
    const [state] = await writing.acknowledged(1);
    expectEqual(state?.state.stream?.stream_state, { at: 1 }, "the state that came back");
    expectEqual(state?.state.destinationStats?.recordCount, 1, "its count");
    const executables = await writing.kill();
    expect(
      executables === 1 || scene.subject.runner.groups === undefined,
      `${executables} executables were killed`,
    );
    killed += executables;
    wentWell(await scene.write([stream], [scene.complete(stream)]), "the empty sync");
    await scene.expectRows(stream, [{ id: 1 }], "rows after the kill");
  }
  return { modes: modes.length, by: killed > 0 ? "SIGKILL" : "cancel" };
}

export async function statesInOrder(scene: DestinationScene): Promise<JsonObject> {
  const streams = ["a", "b", "c"].map((name) => scene.stream(scene.name(name), { id: "integer" }));
  const messages: Message[] = [];
  for (let round = 1; round <= 5; round++) {
    for (const [index, stream] of streams.entries()) {
      const rows = round + index;
      for (let row = 0; row < rows; row++) messages.push(scene.record(stream, { id: round * 100 + row }));
      messages.push(scene.state(stream, round, rows));
    }
  }
  for (const stream of streams) messages.push(scene.complete(stream));
  const states = ofType(wentWell(await scene.write(streams, messages), "write"), "STATE");
  for (const [index, { stream }] of streams.entries()) {
    const own = states.filter(({ state }) => state.stream?.stream_descriptor.name === stream.name);
    expectEqual(
      own.map(({ state }) => [state.stream?.stream_state, state.destinationStats?.recordCount]),
      [1, 2, 3, 4, 5].map((round) => [{ at: round }, round + index]),
      `the states of ${streamKey(stream)}`,
    );
  }
  await global(scene);
  return { states: states.length };
}

/** A GLOBAL state covers every stream; and rows are durable by the time it comes back. */
async function global(scene: DestinationScene): Promise<void> {
  const streams = ["g", "h"].map((name) => scene.stream(scene.name(name), { id: "integer" }));
  const state: StateMessage = {
    type: "STATE",
    state: {
      type: "GLOBAL",
      global: {
        shared_state: { lsn: 9 },
        stream_states: streams.map(({ stream: { name } }) => ({
          stream_descriptor: { name },
          stream_state: { at: 1 },
        })),
      },
      sourceStats: { recordCount: 3 },
    },
  };
  const [first, second] = streams;
  if (first === undefined || second === undefined) throw new TypeError("Two streams were made.");
  const writing = scene.start(streams);
  writing.send(
    scene.record(first, { id: 1 }),
    scene.record(second, { id: 2 }),
    scene.record(second, { id: 3 }),
    state,
  );
  const [echo] = await writing.acknowledged(1);
  expectEqual(echo?.state, { ...state.state, destinationStats: { recordCount: 3 } }, "the GLOBAL state");
  await writing.kill();
  if (scene.subject.dump === undefined) return;
  wentWell(
    await scene.write(
      streams,
      streams.map((stream) => scene.complete(stream)),
    ),
    "the empty sync",
  );
  await scene.expectRows(first, [{ id: 1 }]);
  await scene.expectRows(second, [{ id: 2 }, { id: 3 }]);
}

export async function nothingToWrite(scene: DestinationScene): Promise<JsonObject> {
  const bare = scene.stream(scene.name("bare"), {});
  wentWell(
    await scene.write([bare], [scene.record(bare, {}), scene.complete(bare)]),
    "a stream without columns",
  );
  const empty = scene.stream(scene.name("empty"), { id: "integer" });
  const result = await scene.write([empty], [scene.state(empty, 0, 0), scene.complete(empty)]);
  const states = ofType(wentWell(result, "a stream without rows"), "STATE");
  expectEqual(states[0]?.state.destinationStats?.recordCount, 0, "the count of a state without rows");
  if (scene.subject.dump === undefined) return { readBack: false };
  expectEqual((await scene.dump(bare))?.length, 1, "rows of a stream without columns");
  expectEqual((await scene.dump(empty))?.length, 0, "rows of a stream without rows");
  if (!scene.subject.behaviour.modes.includes("overwrite")) return { truncated: false };
  const full = scene.stream(scene.name("cleared"), { id: "integer" }, { mode: "overwrite", minimum: 1 });
  await scene.sync(full, [{ id: 1 }]);
  const cleared = { ...full, generation_id: 2, minimum_generation_id: 2 };
  wentWell(await scene.write([cleared], [scene.complete(cleared)]), "a truncating refresh without rows");
  await scene.expectRows(cleared, [], "rows after a refresh without rows");
  return { truncated: true };
}

export async function manyStreams(scene: DestinationScene): Promise<JsonObject> {
  const streams = Array.from({ length: 50 }, (_, number) =>
    scene.stream(scene.name(`of_many_${number}`), { id: "integer" }),
  );
  const [first] = streams;
  if (first === undefined) throw new TypeError("50 streams were made.");
  const messages = [
    scene.record(first, { id: 1 }),
    scene.state(first, 1, 1),
    ...streams.map((stream) => scene.complete(stream)),
  ];
  const states = ofType(wentWell(await scene.write(streams, messages), "write"), "STATE");
  expect(states.length === 1, `${states.length} states came back, not 1`);
  if (scene.subject.dump !== undefined) await scene.expectRows(first, [{ id: 1 }]);
  return { streams: streams.length };
}
