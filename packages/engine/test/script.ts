import type { JsonObject, JsonValue, Message, SourceConnector, SourceState } from "@weir/protocol";
import { catalogOf, scriptedSource } from "@weir/kit/testing";
import { usersStream } from "./scene.ts";

export function record(stream: string, id: number, data: JsonObject = {}): Message {
  return { type: "RECORD", record: { stream, data: { id, v: id, ...data }, emitted_at: 1 } };
}

export function streamState(stream: string, stream_state: JsonValue): Message {
  return {
    type: "STATE",
    state: { type: "STREAM", stream: { stream_descriptor: { name: stream }, stream_state } },
  };
}

/** One state for all streams, with states of single streams beside it. */
export function globalState(shared_state: JsonValue, streams: JsonObject = {}): Message {
  const stream_states = Object.entries(streams).map(([name, stream_state = null]) => ({
    stream_descriptor: { name },
    stream_state,
  }));
  return { type: "STATE", state: { type: "GLOBAL", global: { shared_state, stream_states } } };
}

export function legacyState(data: JsonValue): Message {
  return { type: "STATE", state: { type: "LEGACY", data } };
}

export function status(stream: string, state: "COMPLETE" | "INCOMPLETE"): Message {
  return {
    type: "TRACE",
    trace: {
      type: "STREAM_STATUS",
      emitted_at: 1,
      stream_status: { stream_descriptor: { name: stream }, status: state },
    },
  };
}

/** One read of a scripted source. */
export interface ScriptRun {
  /** Counts the reads of this source from 1. */
  readonly nth: number;
  readonly streams: readonly string[];
  readonly state: readonly SourceState[];
  /** The shared state of a GLOBAL or the data of a LEGACY source; an empty object where there is none. */
  readonly shared: JsonObject;
  readonly signal: AbortSignal;
}

/** A source of streams like `usersStream` that sends what the script says. */
export function scripted(
  names: readonly string[],
  script: (run: ScriptRun) => Iterable<Message> | AsyncIterable<Message>,
): SourceConnector {
  let nth = 0;
  return scriptedSource(catalogOf(names.map((name) => usersStream(0, name))), (request) => {
    const streams = request.catalog.streams.map(({ stream }) => stream.name);
    const { state } = request;
    return script({ nth: ++nth, streams, state, shared: sharedOf(state), signal: request.context.signal });
  });
}

function sharedOf(state: readonly SourceState[]): JsonObject {
  const [first] = state;
  if (first?.type === "GLOBAL") return (first.shared ?? {}) as JsonObject;
  if (first?.type === "LEGACY") return (first.data ?? {}) as JsonObject;
  return {};
}

/** A change in a log that several streams share. */
export interface LogEntry {
  readonly lsn: number;
  readonly stream: string;
  readonly id: number;
}

/**
 * A source that reads one log for all streams, as change data capture does: it resumes after the position in the shared
 * state, and reads a stream it has no state of from the start.
 */
export function logSource(names: readonly string[], log: readonly LogEntry[]): SourceConnector {
  return scripted(names, function* ({ streams, state, shared }) {
    const [first] = state;
    const known = new Set(first?.type === "GLOBAL" ? first.streams.map(({ name }) => name) : []);
    const from = typeof shared["lsn"] === "number" ? shared["lsn"] : 0;
    for (const { lsn, stream, id } of log) {
      if (streams.includes(stream) && (lsn > from || !known.has(stream))) yield record(stream, id);
    }
    const own = Object.fromEntries(streams.map((name) => [name, { snapshot: "done" }]));
    yield globalState({ lsn: log.at(-1)?.lsn ?? 0 }, own);
  });
}
