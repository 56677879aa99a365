import type {
  ColumnBatch,
  DestinationConnector,
  FencingToken,
  Held,
  JsonObject,
  LoadResult,
  PartRead,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { parseConfig } from "../config/parse.ts";
import { testContext, type TestContext } from "./context.ts";
import { columnsOf } from "./stream.ts";

export interface WriteOptions {
  /** As a user would write it: defaults are filled in. */
  readonly config: JsonObject;
  /** The stream; what is absent is for a first load in mode `append`. */
  readonly stream: Partial<StreamPlan> & Pick<StreamPlan, "table" | "fields">;
  readonly rows: readonly JsonObject[];
  readonly connection?: string | undefined;
  readonly token?: FencingToken | undefined;
  /** How far to go before the session is closed; `finish` when absent. */
  readonly until?: "load" | "commit" | "finish" | undefined;
  /** The checkpoint committed with the rows. */
  readonly document?: JsonObject | undefined;
  readonly context?: TestContext | undefined;
  /** Called when the rows are loaded, before they are committed. */
  readonly beforeCommit?: (() => void) | undefined;
}

export interface DestinationWrite {
  /** What the destination held before. */
  readonly held: Held;
  readonly result: LoadResult;
  readonly rejected: readonly RejectedRow[];
}

let loads = 0;

/** Writes rows of one stream in one transaction as a sync would, in a session of its own. */
export async function writeDestination(
  connector: DestinationConnector,
  options: WriteOptions,
): Promise<DestinationWrite> {
  const context = options.context ?? testContext();
  const { config } = parseConfig(connector.spec.connectionSpecification, options.config, "config");
  const { token = { sync: 1, attempt: 1 }, until = "finish", document = {} } = options;
  const stream = planOf(options.stream);
  const session = await connector.open({ config, connection: options.connection ?? "test", context });
  const { signal } = context;
  try {
    const held = await session.held();
    await session.begin({ token, streams: [stream], checkpoints: [] });
    const encoding = session.takes(stream).find(({ format }) => format === "batch");
    if (encoding === undefined) throw new TypeError("Every destination takes batches.");
    const rejected: RejectedRow[] = [];
    const transaction = await session.transaction(signal);
    const result = await transaction.load({
      stream,
      encoding,
      read: batchRead(
        options.rows,
        encoding.columns.map(({ field }) => field),
      ),
      meta: {
        rawIdPrefix: `00000000-0000-7000-8000-${String(++loads).padStart(4, "0")}`,
        extractedAt: context.clock.now(),
        generation: stream.generation,
        sync: token.sync,
      },
      reject: async (row) => void rejected.push(row),
      progress: () => {},
      signal,
    });
    options.beforeCommit?.();
    if (until === "load") await transaction.rollback();
    else await transaction.commit([{ stream: stream.key, document }]);
    if (until === "finish") {
      const checkpoint = { stream: stream.key, document: { ...document, finished: true } };
      await session.finish({ stream, checkpoint, overlap: false, since: token.sync, signal });
    }
    return { held, result, rejected };
  } finally {
    await session.close();
  }
}

function planOf(stream: WriteOptions["stream"]): StreamPlan {
  return {
    key: streamKey(stream.table),
    primaryKey: [],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...stream,
  };
}

function batchRead(rows: readonly JsonObject[], fields: StreamPlan["fields"]): PartRead {
  const batch: ColumnBatch = {
    rows: rows.length,
    columns: columnsOf(rows, fields),
    bytes: rows.length * 100,
  };
  return {
    form: "batches",
    rows: () => rows.length,
    chunks: (async function* () {
      yield batch;
    })(),
  };
}
