import type {
  JsonValue,
  Message,
  MessageSession,
  OpenSource,
  SourceState,
  StateMessage,
  StreamDescriptor,
} from "@weir/protocol";
import { isObject, streamKey } from "@weir/protocol";
import { pass } from "./faults.ts";
import type { MemorySourceOptions } from "./source-options.ts";
import { findStream, slicesOf } from "./source-parts.ts";

/** The same streams as messages: a state after each `partRows` records, in the form asked for. */
export function messageSession(
  options: Required<MemorySourceOptions>,
  request: Omit<OpenSource, "config">,
): MessageSession {
  return {
    kind: "messages",
    messages: (signal) => messagesOf(options, request, signal),
    close: async () => {},
  };
}

async function* messagesOf(
  options: Required<MemorySourceOptions>,
  request: Omit<OpenSource, "config">,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const states = statesByStream(request.state);
  const now = (): number => request.context.clock.now();
  const send = async (message: Message): Promise<Message> => {
    signal.throwIfAborted();
    return pass({ faults: options.faults, point: "source.chunk", signal, act: () => message });
  };
  const all = request.catalog.streams.map(({ stream }) => descriptorOf(stream.name, stream.namespace));
  for (const { stream: asked, sync_mode } of request.catalog.streams) {
    const stream = findStream(options.streams, asked);
    const descriptor = descriptorOf(stream.name, stream.namespace);
    const key = streamKey(descriptor);
    yield send(status(descriptor, "STARTED", now()));
    const cursor = sync_mode === "incremental" ? stream.cursor : undefined;
    for (const slice of slicesOf(stream, cursor, states.get(key) ?? null, options.partRows)) {
      for (const data of slice.rows) {
        const record = { stream: descriptor.name, namespace: descriptor.namespace, data, emitted_at: now() };
        yield send({ type: "RECORD", record });
      }
      states.set(key, slice.state);
      yield send(
        stateMessage({ session: options.session, descriptor, all, states, recordCount: slice.rows.length }),
      );
    }
    yield send(status(descriptor, "COMPLETE", now()));
  }
}

function descriptorOf(name: string, namespace: string | undefined): StreamDescriptor {
  return namespace === undefined ? { name } : { name, namespace };
}

interface StateInput {
  readonly session: Required<MemorySourceOptions>["session"];
  readonly descriptor: StreamDescriptor;
  readonly all: readonly StreamDescriptor[];
  readonly states: ReadonlyMap<string, JsonValue>;
  readonly recordCount: number;
}

function stateMessage({ session, descriptor, all, states, recordCount }: StateInput): StateMessage {
  const sourceStats = { recordCount };
  const state = states.get(streamKey(descriptor)) ?? null;
  switch (session) {
    case "GLOBAL": {
      const stream_states = all.flatMap((stream_descriptor) => {
        const stream_state = states.get(streamKey(stream_descriptor));
        return stream_state === undefined ? [] : [{ stream_descriptor, stream_state }];
      });
      return {
        type: "STATE",
        state: {
          type: "GLOBAL",
          global: { shared_state: { streams: states.size }, stream_states },
          sourceStats,
        },
      };
    }
    case "LEGACY":
      return { type: "STATE", state: { type: "LEGACY", data: Object.fromEntries(states), sourceStats } };
    default:
      return {
        type: "STATE",
        state: {
          type: "STREAM",
          stream: { stream_descriptor: descriptor, stream_state: state },
          sourceStats,
        },
      };
  }
}

function statesByStream(given: readonly SourceState[]): Map<string, JsonValue> {
  const states = new Map<string, JsonValue>();
  for (const item of given) {
    if (item.type === "STREAM") states.set(streamKey(item), item.state);
    if (item.type === "GLOBAL") item.streams.forEach((stream) => states.set(streamKey(stream), stream.state));
    if (item.type === "LEGACY" && isObject(item.data)) {
      Object.entries(item.data).forEach(([key, state]) => states.set(key, state ?? null));
    }
  }
  return states;
}

function status(
  stream_descriptor: StreamDescriptor,
  state: "STARTED" | "COMPLETE",
  emitted_at: number,
): Message {
  return {
    type: "TRACE",
    trace: { type: "STREAM_STATUS", emitted_at, stream_status: { stream_descriptor, status: state } },
  };
}
