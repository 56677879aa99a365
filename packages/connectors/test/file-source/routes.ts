import { parseConfig } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import type {
  DestinationConnector,
  Encoding,
  EncodingFormat,
  JsonObject,
  LoadResult,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import { source } from "../../src/file/source.ts";

export interface Transfer {
  readonly root: string;
  readonly stream: JsonObject;
  readonly destination: DestinationConnector;
  readonly config: JsonObject;
  readonly format: EncodingFormat;
  readonly plan?: Partial<StreamPlan>;
}

export interface Transferred {
  readonly results: readonly LoadResult[];
  readonly rejected: readonly RejectedRow[];
  /** The encoding that was asked for is both given and taken. */
  readonly offered: boolean;
}

let transfers = 0;

/** Moves the one stream `rows` into table `rows` by one route, part by part, as the engine would. */
export async function transfer(request: Transfer): Promise<Transferred> {
  const context = testContext();
  const given = { root: request.root, streams: [{ name: "rows", ...request.stream }] };
  const { config } = parseConfig(source.spec.connectionSpecification, given, "config");
  const { destination } = request;
  const target = parseConfig(destination.spec.connectionSpecification, request.config, "config");
  const catalog = await source.discover(config, context);
  const [stream] = catalog.streams;
  if (stream === undefined) throw new Error("There is no stream.");
  const configured = { stream, sync_mode: "full_refresh", destination_sync_mode: "append" } as const;
  const reading = await source.open({ config, catalog: { streams: [configured] }, state: [], context });
  const session = await destination.open({ config: target.config, connection: "test", context });
  transfers += 1;
  const token = { sync: transfers, attempt: 1 };
  const plan: StreamPlan = {
    key: "rows",
    table: { name: "rows" },
    fields: fieldsOf(stream.json_schema),
    primaryKey: [],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...request.plan,
  };
  const { signal } = context;
  const results: LoadResult[] = [];
  const rejected: RejectedRow[] = [];
  try {
    if (reading.kind !== "parts") throw new Error("The source of files reads in parts.");
    await session.held();
    await session.begin({ token, streams: [plan], checkpoints: [] });
    const reader = await reading.reader(configured, null);
    const encoding: Encoding | undefined = session
      .takes(plan)
      .find(({ format }) => format === request.format);
    if (encoding === undefined || !reader.gives(encoding)) return { results, rejected, offered: false };
    for await (const part of reader.parts(signal)) {
      const transaction = await session.transaction(signal);
      try {
        const read = part.read(encoding, signal);
        const meta = {
          rawIdPrefix: `0190a000-${transfers.toString(16).padStart(4, "0")}-7000-8000-${String(results.length).padStart(4, "0")}`,
          extractedAt: Date.UTC(2024, 0, 1),
          generation: 1,
          sync: token.sync,
        };
        const reject = async (row: RejectedRow): Promise<void> => void rejected.push(row);
        const load = { stream: plan, encoding, read, meta, reject, progress: () => {}, signal };
        const result = await transaction.load(load);
        if (result.received !== read.rows()) throw new Error("The counts differ.");
        results.push(result);
        await transaction.commit([{ stream: "rows", document: {} }]);
      } finally {
        await transaction.rollback();
      }
    }
    await session.finish({
      stream: plan,
      checkpoint: { stream: "rows", document: { finished: true } },
      overlap: false,
      since: token.sync,
      signal,
    });
    return { results, rejected, offered: true };
  } finally {
    await reading.close();
    await session.close();
  }
}
