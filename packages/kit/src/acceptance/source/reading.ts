import type {
  Catalog,
  ConfiguredCatalog,
  JsonObject,
  Message,
  SourceState,
  SourceSyncMode,
} from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { asProposed, stateOf, stateSlot } from "../../platform.ts";
import { expect } from "../expect.ts";
import { onlyOne, ran, silentContext, wentWell } from "../run-command.ts";
import { noSecrets } from "../spec-and-check.ts";
import type { SourceSubject } from "./subject.ts";

export async function discovered(subject: SourceSubject, config = subject.config): Promise<Catalog> {
  const result = await ran(subject.runner, { name: "discover", config });
  return onlyOne(wentWell(result, "discover"), "CATALOG").catalog;
}

/** The streams to read, in a mode; those that do not know it are left out. */
export async function configured(
  subject: SourceSubject,
  mode: SourceSyncMode,
  config = subject.config,
): Promise<ConfiguredCatalog> {
  const { streams } = await discovered(subject, config);
  const wanted = subject.streams;
  const catalog: ConfiguredCatalog = {
    streams: streams
      .filter(({ name }) => config !== subject.config || (wanted?.includes(name) ?? true))
      .filter(({ supported_sync_modes }) => supported_sync_modes.includes(mode))
      .map((stream) => ({
        ...asProposed(stream, mode),
        generation_id: 1,
        minimum_generation_id: 0,
        sync_id: 1,
      })),
  };
  return subject.configure?.(catalog) ?? catalog;
}

/** What a read gave, or a piece of one. */
export interface Reading {
  readonly messages: readonly Message[];
  /** By stream key. */
  readonly records: ReadonlyMap<string, readonly JsonObject[]>;
  /** What a platform would give to the next read: the last state of each stream, or the one that is for all. */
  readonly states: readonly SourceState[];
  /** Whether it was ended after a state. */
  readonly wasStopped: boolean;
}

export interface ReadRequest {
  readonly catalog: ConfiguredCatalog;
  readonly states?: readonly SourceState[];
  readonly config?: JsonObject;
  /** Ends the read, as a crash would, when this many states have come that differ from the ones given. */
  readonly stopAfterStates?: number;
}

export async function readFrom(subject: SourceSubject, request: ReadRequest): Promise<Reading> {
  const { catalog, states = [], config = subject.config, stopAfterStates = Infinity } = request;
  const messages: Message[] = [];
  const seen: Message[] = [];
  const kept = new Map(states.map((state) => [stateSlot(state), state]));
  let stopped = 0;
  const controller = new AbortController();
  const command = { name: "read", config, catalog, state: states } as const;
  try {
    for await (const message of subject.runner.run(command, silentContext(controller.signal))) {
      messages.push(message);
      if (message.type !== "STATE") continue;
      const state = stateOf(message);
      const before = kept.get(stateSlot(state));
      // What came after the last state is lost, as it is when a sync fails.
      kept.set(stateSlot(state), state);
      seen.push(...messages.splice(0));
      if (JSON.stringify(before) === JSON.stringify(state)) continue;
      stopped += 1;
      if (stopped >= stopAfterStates) break;
    }
  } finally {
    controller.abort(new Error("the read is over"));
  }
  const wasStopped = stopped >= stopAfterStates;
  if (!wasStopped) seen.push(...messages);
  noSecrets(seen, subject);
  return { messages: seen, records: recordsIn(seen, catalog), states: [...kept.values()], wasStopped };
}

function recordsIn(
  messages: readonly Message[],
  catalog: ConfiguredCatalog,
): ReadonlyMap<string, readonly JsonObject[]> {
  const records = new Map<string, JsonObject[]>(catalog.streams.map(({ stream }) => [streamKey(stream), []]));
  for (const message of messages) {
    if (message.type !== "RECORD") continue;
    const key = streamKey({ name: message.record.stream, namespace: message.record.namespace });
    const list = records.get(key);
    expect(list !== undefined, `a record of stream "${key}" came, which was not asked for`);
    list.push(message.record.data);
  }
  return records;
}
