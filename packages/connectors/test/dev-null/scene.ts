import { parseConfig } from "@weir/kit";
import { type TestContext, testContext } from "@weir/kit/testing";
import type {
  ColumnBatch,
  DestinationSession,
  Encoding,
  EncodingFormat,
  Field,
  LoadRequest,
  LoadTransaction,
  PartRead,
  StreamPlan,
} from "@weir/protocol";
import { destination } from "../../src/dev-null/destination.ts";

let opened = 0;

/** A session as the engine opens it; without a connection's name, on a connection of its own. */
export async function openSession(
  checksum: string | undefined,
  {
    connection,
    context = testContext(),
  }: { readonly connection?: string; readonly context?: TestContext } = {},
): Promise<DestinationSession> {
  opened += 1;
  const { config } = parseConfig(
    destination.spec.connectionSpecification,
    checksum === undefined ? {} : { checksum },
    "config",
  );
  return destination.open({ config, connection: connection ?? `connection ${opened}`, context });
}

export function planOf(fields: readonly Field[], parts: Partial<StreamPlan> = {}): StreamPlan {
  return {
    key: "things",
    table: { name: "things" },
    fields,
    primaryKey: ["id"],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...parts,
  };
}

export const begin = (session: DestinationSession, ...streams: readonly StreamPlan[]): Promise<unknown> =>
  session.begin({ token: { sync: 1, attempt: 1 }, streams, checkpoints: [] });

function encoding(stream: StreamPlan, format: EncodingFormat = "batch"): Encoding {
  return { format, columns: stream.fields.map((field) => ({ field, type: "" })), cost: 1 };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export function batches(...chunks: readonly ColumnBatch[]): PartRead {
  return {
    form: "batches",
    chunks: each(chunks),
    rows: () => chunks.reduce((sum, { rows }) => sum + rows, 0),
  };
}

export function bytes(...chunks: readonly Uint8Array[]): PartRead {
  return { form: "bytes", chunks: each(chunks), rows: () => 0 };
}

export interface Loaded {
  readonly stream: StreamPlan;
  readonly read: PartRead;
  readonly format?: EncodingFormat;
  readonly progress?: LoadRequest["progress"];
}

export function load(transaction: LoadTransaction, { stream, read, format, progress }: Loaded) {
  return transaction.load({
    stream,
    encoding: encoding(stream, format),
    read,
    meta: { rawIdPrefix: "", extractedAt: 0, generation: 1, sync: 1 },
    reject: () => Promise.reject(new Error("nothing is rejected here")),
    progress: progress ?? (() => undefined),
    signal: new AbortController().signal,
  });
}

/** Loads batches in a transaction of their own and commits them. */
export async function write(
  session: DestinationSession,
  stream: StreamPlan,
  ...chunks: readonly ColumnBatch[]
): Promise<void> {
  const transaction = await session.transaction(new AbortController().signal);
  await load(transaction, { stream, read: batches(...chunks) });
  await transaction.commit([]);
}

/** The line a finished stream leaves in the log. */
export async function finished(
  checksum: string,
  stream: StreamPlan,
  ...chunks: readonly ColumnBatch[]
): Promise<string> {
  const context = testContext();
  const session = await openSession(checksum, { context });
  await begin(session, stream);
  await write(session, stream, ...chunks);
  await session.finish({
    stream,
    checkpoint: { stream: stream.key, document: {} },
    overlap: false,
    since: 1,
    signal: context.signal,
  });
  return context.lines.map(({ message }) => message).join("\n");
}
