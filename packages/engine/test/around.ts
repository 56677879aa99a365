import type {
  DestinationConnector,
  DestinationSession,
  LoadTransaction,
  MessageSession,
  Part,
  PartRead,
  PartSession,
  SourceConnector,
  SourceSession,
  StreamReader,
} from "@weir/protocol";

type Callable = (...args: never[]) => unknown;

/** Stands around a call: gets the call and its arguments, and may do things before, after or instead. */
type Around<Call extends Callable> = (call: Call, ...args: Parameters<Call>) => ReturnType<Call>;

/** The method of a target with a step around it. */
function around<Call extends Callable, Name extends string>(
  target: Readonly<Record<Name, Call>>,
  name: Name,
  step: Around<Call> | undefined,
): Call {
  const call = target[name].bind(target) as Call;
  return step === undefined ? call : (((...args: Parameters<Call>) => step(call, ...args)) as Call);
}

export interface DestinationSteps {
  readonly held?: Around<DestinationSession["held"]>;
  readonly begin?: Around<DestinationSession["begin"]>;
  readonly transaction?: Around<DestinationSession["transaction"]>;
  readonly load?: Around<LoadTransaction["load"]>;
  readonly commit?: Around<LoadTransaction["commit"]>;
  readonly rollback?: Around<LoadTransaction["rollback"]>;
  readonly finish?: Around<DestinationSession["finish"]>;
  readonly close?: Around<DestinationSession["close"]>;
}

export function destinationAround(
  connector: DestinationConnector,
  steps: DestinationSteps,
): DestinationConnector {
  const transactionOf = (transaction: LoadTransaction): LoadTransaction => ({
    load: around(transaction, "load", steps.load),
    commit: around(transaction, "commit", steps.commit),
    rollback: around(transaction, "rollback", steps.rollback),
  });
  return {
    ...connector,
    open: async (request) => {
      const session = await connector.open(request);
      const transaction = around(session, "transaction", steps.transaction);
      return {
        ...session,
        held: around(session, "held", steps.held),
        begin: around(session, "begin", steps.begin),
        transaction: async (signal) => transactionOf(await transaction(signal)),
        finish: around(session, "finish", steps.finish),
        close: around(session, "close", steps.close),
      };
    },
  };
}

/** Which part of which stream. */
export interface PartPlace {
  readonly stream: string;
  /** Counted from 1 in each reader. */
  readonly nth: number;
}

export interface SourceSteps {
  readonly discover?: Around<SourceConnector["discover"]>;
  readonly open?: Around<SourceConnector["open"]>;
  readonly reader?: Around<PartSession["reader"]>;
  readonly parts?: Around<StreamReader["parts"]>;
  /** Before each chunk of a part. */
  readonly chunk?: (place: PartPlace, signal: AbortSignal) => Promise<void> | void;
  readonly messages?: Around<MessageSession["messages"]>;
  readonly close?: Around<SourceSession["close"]>;
}

export function sourceAround(connector: SourceConnector, steps: SourceSteps): SourceConnector {
  const open = async (...args: Parameters<SourceConnector["open"]>): Promise<SourceSession> => {
    const opened = await connector.open(...args);
    const close = around(opened, "close", steps.close);
    return opened.kind === "messages"
      ? { ...opened, close, messages: around(opened, "messages", steps.messages) }
      : { ...opened, close, reader: around({ reader: readerOf(opened, steps) }, "reader", steps.reader) };
  };
  return {
    ...connector,
    discover: around(connector, "discover", steps.discover),
    open: around({ open }, "open", steps.open),
  };
}

function readerOf(session: PartSession, steps: SourceSteps): PartSession["reader"] {
  return async (stream, state) => {
    const reader = await session.reader(stream, state);
    const parts = around(reader, "parts", steps.parts);
    return {
      ...reader,
      parts: async function* (signal) {
        let nth = 0;
        for await (const part of parts(signal))
          yield partOf(part, { stream: stream.stream.name, nth: ++nth }, steps);
      },
    };
  };
}

function partOf(part: Part, place: PartPlace, { chunk }: SourceSteps): Part {
  if (chunk === undefined) return part;
  const before = async function* <T>(chunks: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
    for await (const item of chunks) {
      await chunk(place, signal);
      yield item;
    }
  };
  return {
    ...part,
    read: (encoding, signal): PartRead => {
      const read = part.read(encoding, signal);
      const rows = (): number => read.rows();
      return read.form === "bytes"
        ? { form: "bytes", chunks: before(read.chunks, signal), rows }
        : { form: "batches", chunks: before(read.chunks, signal), rows };
    },
  };
}
