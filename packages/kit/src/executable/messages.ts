import type {
  Failure,
  LogLevel,
  Message,
  StateMessage,
  StreamDescriptor,
  StreamName,
  Trace,
} from "@weir/protocol";
import { ExactNumber, serializeMessage } from "@weir/protocol";

export type StreamStatus = Extract<Trace, { readonly type: "STREAM_STATUS" }>["stream_status"]["status"];

export function descriptorOf({ name, namespace }: StreamName): StreamDescriptor {
  return namespace ? { name, namespace } : { name };
}

export function statusMessage(
  stream_descriptor: StreamDescriptor,
  status: StreamStatus,
  emitted_at: number,
): Message {
  return {
    type: "TRACE",
    trace: { type: "STREAM_STATUS", emitted_at, stream_status: { stream_descriptor, status } },
  };
}

const LEVELS = { error: "ERROR", warn: "WARN", info: "INFO", debug: "DEBUG" } as const;

export function logMessage(level: LogLevel, message: string): Message {
  return { type: "LOG", log: { level: LEVELS[level], message } };
}

/** What a platform does about a failure: ask its user, try again, or neither. */
const FAILURE_TYPES = {
  ask: "config_error",
  retry: "transient_error",
  skip: "system_error",
  stop: "system_error",
} as const;

export interface ErrorDetails {
  readonly emittedAt: number;
  readonly stream?: StreamDescriptor | undefined;
  readonly stack?: string | undefined;
}

export function errorMessage(failure: Failure, { emittedAt, stream, stack }: ErrorDetails): Message {
  return {
    type: "TRACE",
    trace: {
      type: "ERROR",
      emitted_at: emittedAt,
      error: {
        message: `${failure.message} ${failure.next}`,
        internal_message: [failure.code, failure.detail].filter((part) => part !== undefined).join(": "),
        failure_type: FAILURE_TYPES[failure.recovery],
        ...(stack ? { stack_trace: stack } : {}),
        ...(stream === undefined ? {} : { stream_descriptor: stream }),
      },
    },
  };
}

/** One line of the protocol without its end. Counts of a state have a decimal point, as Airbyte's own have. */
export function messageLine(message: Message): string {
  return serializeMessage(message.type === "STATE" ? withFloats(message) : message);
}

function withFloats(message: StateMessage): Message {
  const { sourceStats, destinationStats } = message.state;
  if (sourceStats === undefined && destinationStats === undefined) return message;
  const state = {
    ...message.state,
    ...(sourceStats === undefined ? {} : { sourceStats: floats(sourceStats) }),
    ...(destinationStats === undefined ? {} : { destinationStats: floats(destinationStats) }),
  };
  return { ...message, state };
}

function floats(stats: object): object {
  return Object.fromEntries(
    Object.entries(stats).map(([name, value]: [string, unknown]) => [
      name,
      Number.isSafeInteger(value) ? new ExactNumber(`${String(value)}.0`) : value,
    ]),
  );
}

/** The line of a failure that no connector has sent. */
export function errorLine(failure: Failure, emittedAt: number): string {
  return messageLine(errorMessage(failure, { emittedAt }));
}
