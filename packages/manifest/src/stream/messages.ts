import type {
  ConfiguredStream,
  Context,
  Failure,
  JsonObject,
  JsonValue,
  Message,
  StreamDescriptor,
} from "@weir/protocol";
import { failureOf, WeirError } from "@weir/protocol";
import type { StreamComponent, StreamReading, StreamSlice } from "../components/stream/contract.ts";

/** Messages handed over at a time: an await for each record would cost more than reading it. */
const BATCH = 500;

export interface StreamRead {
  readonly stream: StreamComponent;
  readonly configured: ConfiguredStream;
  readonly descriptor: StreamDescriptor;
  readonly state: JsonObject | null;
  readonly context: Context;
  readonly signal: AbortSignal;
}

/**
 * One stream's records and states. A slice that fails leaves the others: they are read, and the state tells them apart.
 * Fails at the end with the first failure, the last state given.
 */
export async function* streamMessages(read: StreamRead): AsyncGenerator<readonly Message[]> {
  const { stream, state, configured } = read;
  const reading = stream.open({ state, cursorField: configured.cursor_field?.[0] || undefined });
  const writer = new Writer(read, reading);
  if (reading.isRestarted) yield [writer.state({})];
  const failures: unknown[] = [];
  try {
    for await (const slice of reading.slices(read.signal)) {
      try {
        yield* sliceMessages(read, writer, slice);
      } catch (error) {
        read.signal.throwIfAborted();
        failures.push(error);
        // What was read of it is told before anything else is read.
        yield writer.taken();
      }
    }
  } catch (error) {
    read.signal.throwIfAborted();
    failures.push(error);
  }
  if (failures.length === 0) reading.finish();
  yield [writer.state(reading.state())];
  if (failures.length > 0) throw failures[0];
}

async function* sliceMessages(
  { signal }: StreamRead,
  writer: Writer,
  slice: StreamSlice,
): AsyncGenerator<readonly Message[]> {
  for await (const record of slice.records(signal)) {
    writer.record(record);
    slice.observe(record);
    if (writer.waiting >= BATCH) yield writer.taken();
  }
  const isDue = slice.close();
  yield isDue ? [...writer.taken(), writer.state()] : writer.taken();
}

/** Makes messages of records and states and counts between states. */
class Writer {
  readonly #read: StreamRead;
  readonly #reading: StreamReading;
  #waiting: Message[] = [];
  #rows = 0;
  #isRunning = false;

  constructor(read: StreamRead, reading: StreamReading) {
    this.#read = read;
    this.#reading = reading;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  record(data: JsonObject): void {
    const { descriptor, context } = this.#read;
    const now = context.clock.now();
    if (!this.#isRunning) this.#waiting.push(statusMessage(descriptor, "RUNNING", now));
    this.#isRunning = true;
    this.#rows += 1;
    const { name: stream, namespace } = descriptor;
    const at = { emitted_at: Math.trunc(now) };
    this.#waiting.push({
      type: "RECORD",
      record: namespace === undefined ? { stream, data, ...at } : { stream, namespace, data, ...at },
    });
  }

  taken(): readonly Message[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  state(stream_state: JsonValue = this.#reading.state()): Message {
    const recordCount = this.#rows;
    this.#rows = 0;
    const stream = { stream_descriptor: this.#read.descriptor, stream_state };
    return { type: "STATE", state: { type: "STREAM", stream, sourceStats: { recordCount } } };
  }
}

export function statusMessage(
  stream_descriptor: StreamDescriptor,
  status: "STARTED" | "RUNNING" | "COMPLETE" | "INCOMPLETE",
  now: number,
  reasons?: readonly JsonObject[],
): Message {
  const stream_status = { stream_descriptor, status, ...(reasons === undefined ? {} : { reasons }) };
  return { type: "TRACE", trace: { type: "STREAM_STATUS", emitted_at: Math.trunc(now), stream_status } };
}

const FAILURE_TYPES = {
  ask: "config_error",
  retry: "transient_error",
  skip: "system_error",
  stop: "system_error",
} as const;

export function failureMessage(failure: Failure, stream_descriptor: StreamDescriptor, now: number): Message {
  const { message, next, detail, recovery } = failure;
  const internal_message = [next, detail].filter((text) => text !== undefined).join(" ");
  const error = { message, internal_message, failure_type: FAILURE_TYPES[recovery], stream_descriptor };
  return { type: "TRACE", trace: { type: "ERROR", emitted_at: Math.trunc(now), error } };
}

/** The failure with its stream's key. */
export function failureIn(error: unknown, stream: string): WeirError {
  const failure = failureOf(error, "source");
  if (error instanceof WeirError && failure.stream === stream) return error;
  return new WeirError({ ...failure, stream }, { cause: error });
}
