import { manifestSource } from "@weir/manifest";
import type {
  ConfiguredCatalog,
  Context,
  JsonValue,
  Message,
  SourceConnector,
  SourceState,
  Stream,
} from "@weir/protocol";
import { canonical } from "./canonical.ts";
import type { Cassette, Exchange, RecordedRead, RecordedStream } from "./cassette.ts";
import { isScored } from "./cassette.ts";
import { compareRecords, compareRequests, compareStates, pathOfDifference } from "./compare.ts";
import type { Playback } from "./playback.ts";
import { playbackOf, sentIn } from "./playback.ts";
import type { Verdict } from "./score.ts";

/** A read that takes longer is ended and counts as different. */
const READ_MS = 60_000;

/** Runs one connector against its cassette and says what was equal. */
export async function runConnector(cassette: Cassette, manifest: string): Promise<readonly Verdict[]> {
  if (!isScored(cassette)) return [];
  const scene: Scene = { cassette, manifest };
  const verdicts: Verdict[] = [await specVerdict(scene)];
  if (cassette.check?.clean === true) verdicts.push(await checkVerdict(scene));
  verdicts.push(await catalogVerdict(scene));
  for (const [name, stream] of Object.entries(cassette.streams ?? {})) {
    if (stream.clean) verdicts.push(...(await firstVerdicts(scene, name, stream)));
    if (stream.second?.clean === true) verdicts.push(await secondVerdict(scene, name, stream, stream.second));
  }
  return verdicts;
}

interface Scene {
  readonly cassette: Cassette;
  readonly manifest: string;
}

function sourceFor({ manifest, cassette }: Scene, { transport }: Playback): SourceConnector {
  return manifestSource(manifest, { id: cassette.connector, transport, random: () => 0.5 });
}

function contextFor({ cassette }: Scene): Context {
  const now = instantOf(cassette.now);
  return {
    clock: { now: () => now, sleep: async () => {} },
    log: () => {},
    signal: AbortSignal.timeout(READ_MS),
  };
}

/** Milliseconds with their fraction: the recorded time has microseconds. */
function instantOf(text: string): number {
  const [, fraction = ""] = /\.(\d+)/.exec(text) ?? [];
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  return whole + Number(`0.${fraction || "0"}`) * 1000;
}

async function specVerdict(scene: Scene): Promise<Verdict> {
  const expected = scene.cassette.spec ?? {};
  const difference = await differenceOf(async () => {
    const { spec } = sourceFor(scene, playbackOf([]));
    const parts = ["connectionSpecification", "advanced_auth"] as const;
    for (const part of parts) {
      const found = pathOfDifference(withoutNulls(expected[part]), withoutNulls(spec[part]), part);
      if (found !== null) return found;
    }
    return null;
  });
  return { measure: "spec", stream: null, difference };
}

/** The reference writes absent fields of its own types in neither of two ways. */
function withoutNulls(value: unknown): unknown {
  return value === null ? undefined : value;
}

async function checkVerdict(scene: Scene): Promise<Verdict> {
  const { config, check } = scene.cassette;
  const difference = await differenceOf(async () => {
    const source = sourceFor(scene, playbackOf(check?.exchanges ?? []));
    const { status, message } = await source.check(config, contextFor(scene));
    return status === check?.status ? null : `expected ${check?.status}, got ${status}: ${message}`;
  });
  return { measure: "check", stream: null, difference };
}

async function catalogVerdict(scene: Scene): Promise<Verdict> {
  const { config, catalog = [], discover_exchanges = [] } = scene.cassette;
  const difference = await differenceOf(async () => {
    const source = sourceFor(scene, playbackOf(discover_exchanges));
    const { streams } = await source.discover(config, contextFor(scene));
    const own = new Map(streams.map((stream) => [stream.name, stream]));
    for (const expected of catalog) {
      const found = pathOfDifference(expected, own.get(expected.name), expected.name);
      if (found !== null) return found;
      own.delete(expected.name);
    }
    const [extra] = own.keys();
    return extra === undefined ? null : `extra stream ${extra}`;
  });
  return { measure: "catalog", stream: null, difference };
}

interface Reading {
  readonly playback: Playback;
  readonly records: readonly JsonValue[];
  readonly states: readonly JsonValue[];
  readonly failure: string | null;
}

async function firstVerdicts(
  scene: Scene,
  name: string,
  stream: RecordedStream,
): Promise<readonly Verdict[]> {
  const reading = await readStream(scene, name, stream, stream.first.exchanges);
  const compared = differencesOf(stream.first, reading);
  return (["requests", "records", "states"] as const).map((measure) => ({
    measure,
    stream: name,
    difference: compared[measure],
  }));
}

async function secondVerdict(
  scene: Scene,
  name: string,
  stream: RecordedStream,
  second: RecordedRead,
): Promise<Verdict> {
  const state: SourceState = { type: "STREAM", name, state: second.state };
  const reading = await readStream(scene, name, stream, second.exchanges, [state]);
  const { requests, records, states } = differencesOf(second, reading);
  return { measure: "second", stream: name, difference: requests ?? records ?? states };
}

function differencesOf(expected: RecordedRead, reading: Reading) {
  const { playback, records, states, failure } = reading;
  const told = (difference: string | null): string | null =>
    difference === null || failure === null ? difference : `${difference} (${failure})`;
  return {
    requests: told(compareRequests(sentIn(expected.exchanges), playback.sent)),
    records: told(compareRecords(expected.records, records)),
    states: told(compareStates(expected.states, states)),
  };
}

async function readStream(
  scene: Scene,
  name: string,
  { sync_mode }: RecordedStream,
  exchanges: readonly Exchange[],
  state: readonly SourceState[] = [],
): Promise<Reading> {
  const playback = playbackOf(exchanges);
  const records: JsonValue[] = [];
  const states: JsonValue[] = [];
  const context = contextFor(scene);
  const stream: Stream = scene.cassette.catalog?.find((each) => each.name === name) ?? {
    name,
    json_schema: {},
    supported_sync_modes: [sync_mode],
  };
  const catalog: ConfiguredCatalog = {
    streams: [{ stream, sync_mode, destination_sync_mode: "append" }],
  };
  let failure: string | null = null;
  const take = (message: Message): void => {
    if (message.type === "RECORD") records.push(message.record.data);
    if (message.type === "STATE") states.push(message.state.stream?.stream_state ?? null);
    if (message.type === "TRACE" && message.trace.type === "ERROR")
      failure ??= `${message.trace.error.message} ${message.trace.error.internal_message ?? ""}`;
  };
  try {
    const source = sourceFor(scene, playback);
    const session = await source.open({ config: scene.cassette.config, catalog, state, context });
    if (session.kind !== "messages") throw new Error("A manifest's source sends messages.");
    try {
      for await (const message of session.messages(context.signal)) take(message);
    } finally {
      await session.close();
    }
  } catch (error) {
    failure ??= textOf(error);
  }
  return { playback, records, states, failure };
}

async function differenceOf(compare: () => Promise<string | null>): Promise<string | null> {
  try {
    return await compare();
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return canonical(error);
  return `${error.message} ${(error.stack ?? "").split("\n")[1]?.trim() ?? ""}`;
}
