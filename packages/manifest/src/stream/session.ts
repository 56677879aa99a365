import type {
  ConfiguredCatalog,
  Context,
  Message,
  MessageSession,
  SourceState,
  StreamDescriptor,
} from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
import type { StreamList } from "./list.ts";
import { failureIn, failureMessage, statusMessage, streamMessages } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { withOutbox } from "./outbox.ts";
import { stateOf } from "./states.ts";

export interface SessionRequest {
  readonly list: StreamList;
  readonly catalog: ConfiguredCatalog;
  readonly state: readonly SourceState[];
  readonly context: Context;
  /** What is said by the way, such as a stream that has to wait. */
  readonly outbox: Outbox;
  /** Told which stream is being read. */
  readonly onStream: (stream: StreamDescriptor) => void;
  /** Messages before all others. */
  readonly first: readonly Message[];
  /** Strikes secrets from a failure's texts. */
  readonly clean: (error: unknown) => WeirError;
}

/** Reads the configured streams one after the other. The first failure is thrown at the end. */
export function openSession(request: SessionRequest): MessageSession {
  const batches = (signal: AbortSignal): AsyncGenerator<readonly Message[]> =>
    withOutbox(read(request, signal), request.outbox);
  return {
    kind: "messages",
    batches,
    async *messages(signal) {
      for await (const batch of batches(signal)) yield* batch;
    },
    close: async () => {},
  };
}

async function* read(request: SessionRequest, signal: AbortSignal): AsyncGenerator<readonly Message[]> {
  const { catalog, context, first, list, state, onStream } = request;
  const now = (): number => context.clock.now();
  const failures: WeirError[] = [];
  if (first.length > 0) yield first;
  for (const configured of catalog.streams) {
    const { name, namespace } = configured.stream;
    const descriptor = namespace === undefined ? { name } : { name, namespace };
    onStream(descriptor);
    yield [statusMessage(descriptor, "STARTED", now())];
    try {
      const stream = list.streams.findLast((each) => each.name === name);
      if (stream === undefined) throw unknownStream(streamKey(descriptor));
      const before = stateOf(state, descriptor);
      yield* streamMessages({ stream, configured, descriptor, state: before, context, signal });
      yield [statusMessage(descriptor, "COMPLETE", now())];
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureIn(request.clean(error), streamKey(descriptor));
      failures.push(failure);
      yield [
        failureMessage(failure.failure, descriptor, now()),
        statusMessage(descriptor, "INCOMPLETE", now()),
      ];
    }
  }
  if (failures[0] !== undefined) throw failures[0];
}

function unknownStream(stream: string): WeirError {
  return new WeirError({
    code: "source.stream_missing",
    message: `The manifest has no stream ${stream} for this configuration.`,
    next: "Take it out of the connection, or mend the manifest or the configuration.",
    recovery: "ask",
    origin: "source",
    stream,
  });
}
