import type {
  ConfiguredCatalog,
  ConfiguredStream,
  Context,
  JsonObject,
  JsonValue,
  Message,
  SourceState,
  StreamDescriptor,
} from "@weir/protocol";
import { failureOf, isObject, streamKey, WeirError } from "@weir/protocol";
import { abortable } from "./abortable.ts";
import type { RecordStream } from "./stream.ts";

export interface MessagesInput<Config> {
  readonly config: Config;
  readonly streams: readonly RecordStream<Config>[];
  readonly catalog: ConfiguredCatalog;
  readonly states: readonly SourceState[];
  readonly context: Context;
  readonly signal: AbortSignal;
}

/**
 * The streams one after the other as protocol messages. The state of a stream is `{ progress, complete }`: `progress`
 * is the author's own, `complete` marks a full read that needs no second reading. A stream that fails does not keep the
 * others from being read; the first failure is thrown at the end.
 */
export async function* messagesOf<Config>(input: MessagesInput<Config>): AsyncGenerator<Message> {
  const failures: unknown[] = [];
  for (const configured of input.catalog.streams) {
    const now = input.context.clock.now();
    const { name, namespace } = configured.stream;
    const descriptor = namespace === undefined ? { name } : { name, namespace };
    try {
      yield status(descriptor, "STARTED", now);
      yield* streamMessages(input, configured, descriptor);
      yield status(descriptor, "COMPLETE", input.context.clock.now());
    } catch (error) {
      input.signal.throwIfAborted();
      failures.push(error);
      const { code, message } = failureOf(error, "source");
      input.context.log("error", message, { code, stream: streamKey(descriptor) });
      yield status(descriptor, "INCOMPLETE", input.context.clock.now());
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function* streamMessages<Config>(
  input: MessagesInput<Config>,
  configured: ConfiguredStream,
  descriptor: StreamDescriptor,
): AsyncGenerator<Message> {
  const { config, context, signal } = input;
  const stream = input.streams.find((candidate) => streamKey(candidate) === streamKey(descriptor));
  if (stream === undefined) throw unknownStream(streamKey(descriptor));
  const whole = configured.sync_mode === "full_refresh";
  const before = stateOf(input.states, descriptor);
  let progress: JsonValue = before["progress"] ?? null;
  let rows = 0;
  let states = 0;
  let running = false;
  if (!whole || before["complete"] !== true) {
    const steps = stream.read({ config, state: progress, stream: configured, context, signal });
    for await (const step of abortable(steps, signal)) {
      if ("state" in step) {
        progress = step.state;
        states += 1;
        yield stateMessage(descriptor, { progress }, rows);
        rows = 0;
        continue;
      }
      if (!running) yield status(descriptor, "RUNNING", context.clock.now());
      running = true;
      rows += 1;
      const { name, namespace } = descriptor;
      const record = { stream: name, namespace, data: step.record, emitted_at: context.clock.now() };
      yield { type: "RECORD", record };
    }
  }
  if (!whole && running && states === 0) throw noState(streamKey(descriptor));
  // The author's last state may be just this one; a state that says nothing new is not said.
  if (whole || rows > 0 || states === 0) {
    yield stateMessage(descriptor, whole ? { progress, complete: true } : { progress }, rows);
  }
}

function stateOf(states: readonly SourceState[], descriptor: StreamDescriptor): JsonObject {
  for (const item of states) {
    if (item.type === "STREAM" && streamKey(item) === streamKey(descriptor) && isObject(item.state))
      return item.state;
  }
  return {};
}

function stateMessage(
  stream_descriptor: StreamDescriptor,
  stream_state: JsonObject,
  recordCount: number,
): Message {
  return {
    type: "STATE",
    state: { type: "STREAM", stream: { stream_descriptor, stream_state }, sourceStats: { recordCount } },
  };
}

function status(
  stream_descriptor: StreamDescriptor,
  state: "STARTED" | "RUNNING" | "COMPLETE" | "INCOMPLETE",
  emitted_at: number,
): Message {
  return {
    type: "TRACE",
    trace: { type: "STREAM_STATUS", emitted_at, stream_status: { stream_descriptor, status: state } },
  };
}

function unknownStream(stream: string): WeirError {
  return new WeirError({
    code: "source.stream_missing",
    message: `The source no longer has a stream ${stream}.`,
    next: "Take it out of the connection, or mend the source.",
    recovery: "ask",
    origin: "source",
    stream,
  });
}

function noState(stream: string): WeirError {
  return new WeirError({
    code: "source.state_missing",
    message: `Stream ${stream} was read incrementally, but its reader gave no state: the next sync would read everything again.`,
    next: "In the connector, yield { state } after the rows it covers.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
