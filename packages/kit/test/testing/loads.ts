import type {
  BeginRequest,
  ColumnBatch,
  DestinationSession,
  JsonObject,
  JsonValue,
  LoadRequest,
  LoadResult,
  LoadTransaction,
  PartRead,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import type { MemoryDestination } from "@weir/kit/testing";
import { testContext } from "@weir/kit/testing";

/** A stream plan of `id` (its key) and `note`, with whatever a test wants otherwise. */
export function plan(parts: Partial<StreamPlan> = {}): StreamPlan {
  return {
    key: "items",
    table: { name: "items" },
    fields: [
      { name: "id", kind: "integer" },
      { name: "note", kind: "string" },
    ],
    primaryKey: ["id"],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: false,
    nativeTypes: false,
    ...parts,
  };
}

export function openMemory(destination: MemoryDestination, connection = "main"): Promise<DestinationSession> {
  return destination.connector.open({ config: {}, connection, context: testContext() });
}

export function begin(
  session: DestinationSession,
  stream: StreamPlan,
  sync = 1,
  attempt = 1,
): Promise<unknown> {
  const request: BeginRequest = { token: { sync, attempt }, streams: [stream], checkpoints: [] };
  return session.begin(request);
}

export interface LoadInput {
  readonly stream: StreamPlan;
  readonly rows: readonly (readonly JsonValue[])[];
  readonly sync?: number;
  /** Distinguishes loads: later ones have greater names. */
  readonly prefix?: string;
  readonly extractedAt?: number;
  readonly rejected?: RejectedRow[];
  readonly signal?: AbortSignal;
}

/** Loads rows given as lists of values in the order of the stream's fields. */
export function load(
  session: DestinationSession,
  transaction: LoadTransaction,
  input: LoadInput,
): Promise<LoadResult> {
  const encoding = session.takes(input.stream).find(({ format }) => format === "batch");
  if (encoding === undefined) throw new Error("No batch encoding.");
  const batch: ColumnBatch = {
    rows: input.rows.length,
    columns: input.stream.fields.map((_, index) => ({
      form: "json",
      values: input.rows.map((row) => row[index]),
    })),
    bytes: input.rows.length * 10,
  };
  const request: LoadRequest = {
    stream: input.stream,
    encoding,
    read: once(batch),
    meta: {
      rawIdPrefix: (input.prefix ?? "a").padStart(28, "0"),
      extractedAt: input.extractedAt ?? 1000,
      generation: input.stream.generation,
      sync: input.sync ?? 1,
    },
    reject: async (row) => void input.rejected?.push(row),
    progress: () => {},
    signal: input.signal ?? new AbortController().signal,
  };
  return transaction.load(request);
}

function once(batch: ColumnBatch): PartRead {
  return {
    form: "batches",
    rows: () => batch.rows,
    chunks: (async function* () {
      yield batch;
    })(),
  };
}

/** One transaction with one load and a checkpoint. */
export async function put(
  session: DestinationSession,
  input: LoadInput,
  document: JsonObject = {},
): Promise<void> {
  const transaction = await session.transaction(new AbortController().signal);
  await load(session, transaction, input);
  await transaction.commit([{ stream: input.stream.key, document }]);
}

export async function finish(
  session: DestinationSession,
  stream: StreamPlan,
  options: { readonly overlap?: boolean; readonly since?: number; readonly document?: JsonObject } = {},
): Promise<void> {
  await session.finish({
    stream,
    checkpoint: { stream: stream.key, document: options.document ?? { finished: true } },
    overlap: options.overlap ?? false,
    since: options.since ?? 1,
    signal: new AbortController().signal,
  });
}

/** The visible rows as lists of values. */
export function visible(destination: MemoryDestination, table = "items"): readonly JsonValue[][] {
  return destination.rows(table).map(({ data }) => Object.values(data).map((value) => value ?? null));
}
