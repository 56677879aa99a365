import type {
  ConfiguredStream,
  Context,
  Encoding,
  JsonObject,
  JsonValue,
  Part,
  PartSession,
  SourceConnector,
  SourceState,
  StreamDescriptor,
  StreamReader,
} from "@weir/protocol";
import { fieldsOf, isObject, streamKey, WeirError } from "@weir/protocol";
import type { ReadCommand, Scene } from "./scene.ts";
import { descriptorOf, statusMessage } from "./messages.ts";
import { recordsOf } from "./record-data.ts";

/** Under it stands a state that is no object, which the protocol does not allow for. */
const BARE = "weir_state";

/** Reads what the catalog asks for; a source of parts part after part, one of messages as it sends them. */
export async function read(connector: SourceConnector, command: ReadCommand, scene: Scene): Promise<void> {
  const { context, outbox } = scene;
  const { catalog, state } = command;
  const config = scene.configured(command.config);
  const session = await connector.open({ config, catalog, state, context });
  try {
    if (session.kind === "parts") await readParts(session, command, scene);
    else for await (const message of session.messages(context.signal)) await outbox.push(message);
  } finally {
    await session.close();
  }
}

/** A stream that fails does not keep the others from being read; the first failure is thrown at the end. */
async function readParts(session: PartSession, command: ReadCommand, scene: Scene): Promise<void> {
  const { context, outbox } = scene;
  const failures: { readonly error: unknown; readonly stream: StreamDescriptor }[] = [];
  for (const configured of command.catalog.streams) {
    const stream = descriptorOf(configured.stream);
    context.signal.throwIfAborted();
    await outbox.push(statusMessage(stream, "STARTED", context.clock.now()));
    try {
      await readStream({ session, configured, stream, before: stateOf(command.state, stream), scene });
      await outbox.push(statusMessage(stream, "COMPLETE", context.clock.now()));
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push({ error, stream });
      await outbox.push(statusMessage(stream, "INCOMPLETE", context.clock.now()));
    }
  }
  // At the end, because a platform may stop listening at the first error.
  for (const { error, stream } of failures) scene.report(error, stream);
  if (failures[0] !== undefined) throw failures[0].error;
}

interface StreamScene {
  readonly session: PartSession;
  readonly configured: ConfiguredStream;
  readonly stream: StreamDescriptor;
  readonly before: JsonValue | null;
  readonly scene: Scene;
}

async function readStream(input: StreamScene): Promise<void> {
  const { session, configured, stream, before, scene } = input;
  const { context, outbox } = scene;
  const reader = await session.reader(configured, before);
  tell(reader, stream, context);
  const { rows, bytes } = reader.estimate ?? {};
  if (rows !== undefined || bytes !== undefined) await outbox.push(estimate(stream, reader, context));
  const columns = fieldsOf(configured.stream.json_schema).map((field) => ({ field, type: "" }));
  const encoding: Encoding = { format: "batch", columns, cost: 4 };
  let running = false;
  let parts = 0;
  for await (const part of reader.parts(context.signal)) {
    const started = async (): Promise<void> => {
      if (!running) await outbox.push(statusMessage(stream, "RUNNING", context.clock.now()));
      running = true;
    };
    const recordCount = await readPart({ part, encoding, stream, scene, started });
    await outbox.push(stateMessage(stream, part.state, recordCount));
    parts += 1;
  }
  // Nothing was left to read: where the stream stands is said all the same.
  if (parts === 0) await outbox.push(stateMessage(stream, reader.restart === undefined ? before : null, 0));
}

interface PartScene {
  readonly part: Part;
  readonly encoding: Encoding;
  readonly stream: StreamDescriptor;
  readonly scene: Scene;
  /** Called before the first row. */
  readonly started: () => Promise<void>;
}

async function readPart({ part, encoding, stream, scene, started }: PartScene): Promise<number> {
  const { context, outbox } = scene;
  const { signal, clock } = context;
  const reading = part.read(encoding, signal);
  if (reading.form !== "batches") throw new TypeError("Batches were asked for.");
  let rows = 0;
  for await (const batch of reading.chunks) {
    signal.throwIfAborted();
    if (batch.rows === 0) continue;
    await started();
    rows += batch.rows;
    const head = { stream: stream.name, namespace: stream.namespace, readAt: clock.now() };
    await outbox.pushAll(recordsOf(batch, encoding, head));
  }
  // A reader may answer an abort by ending its part: that is no end.
  signal.throwIfAborted();
  if (rows !== reading.rows()) throw miscounted(streamKey(stream), rows, reading.rows());
  return rows;
}

function tell(reader: StreamReader, stream: StreamDescriptor, { log }: Context): void {
  const key = streamKey(stream);
  if (reader.restart !== undefined) {
    log("warn", `${key}: the state cannot be gone on from, reading starts again: ${reader.restart.reason}`);
  }
  for (const notice of reader.notices) log("warn", `${key}: ${notice}`);
}

function estimate({ name, namespace }: StreamDescriptor, reader: StreamReader, { clock }: Context) {
  const { rows, bytes } = reader.estimate ?? {};
  return {
    type: "TRACE",
    trace: {
      type: "ESTIMATE",
      emitted_at: clock.now(),
      estimate: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        type: "STREAM",
        ...(rows === undefined ? {} : { row_estimate: Math.round(rows) }),
        ...(bytes === undefined ? {} : { byte_estimate: Math.round(bytes) }),
      },
    },
  } as const;
}

function stateMessage(stream_descriptor: StreamDescriptor, state: JsonValue | null, recordCount: number) {
  const stream_state: JsonObject = isObject(state) ? state : state === null ? {} : { [BARE]: state };
  return {
    type: "STATE",
    state: { type: "STREAM", stream: { stream_descriptor, stream_state }, sourceStats: { recordCount } },
  } as const;
}

/** The state of one stream, whichever form it stands in; null where there is none. */
function stateOf(states: readonly SourceState[], stream: StreamDescriptor): JsonValue | null {
  const key = streamKey(stream);
  for (const state of states) {
    if (state.type === "STREAM" && streamKey(state) === key) return bare(state.state);
    if (state.type !== "GLOBAL") continue;
    const found = state.streams.find((each) => streamKey(each) === key);
    if (found !== undefined) return bare(found.state);
  }
  return null;
}

function bare(state: JsonValue): JsonValue | null {
  if (!isObject(state)) return state;
  if (Object.keys(state).length === 0) return null;
  return state[BARE] ?? state;
}

function miscounted(stream: string, sent: number, counted: number): WeirError {
  return new WeirError({
    code: "source.count_mismatch",
    message: `Stream ${stream}: the source counted ${counted} rows, ${sent} were sent.`,
    next: "Run again from the last state; if it repeats, report it with the connector's version.",
    recovery: "stop",
    origin: "source",
    stream,
  });
}
