import type {
  ColumnBatch,
  DestinationSession,
  FencingToken,
  FieldKind,
  JsonObject,
  JsonValue,
  StreamPlan,
} from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { parseConfig } from "../../../config/parse.ts";
import { expectEqual } from "../../expect.ts";
import { notApplicable } from "../../row.ts";
import { silentContext } from "../../run-command.ts";
import type { DestinationScene } from "../scene.ts";

/** Later than any sync of another row into the same destination, and each later than the one before. */
let syncs = Math.floor(Date.now() / 1000);

export function nextToken(): FencingToken {
  syncs += 1;
  return { sync: syncs, attempt: 1 };
}

export const { signal } = new AbortController();

/** The session of a destination of this process; others have none that could be tried. */
export async function withSession(
  scene: DestinationScene,
  connection: string,
  act: (session: DestinationSession) => Promise<void>,
): Promise<void> {
  const { runner, config: given } = scene.subject;
  if (runner.kind !== "in process") notApplicable("only what runs in process has a session");
  const context = silentContext();
  const connector = await runner.destination(context);
  const { config } = parseConfig(connector.spec.connectionSpecification, given, "config");
  const name = scene.subject.connection ?? connection;
  const session = await connector.open({ config, connection: name, context });
  try {
    await act(session);
  } finally {
    await session.close();
  }
}

export function planOf(
  name: string,
  kinds: Readonly<Record<string, FieldKind>>,
  more: Partial<StreamPlan> = {},
): StreamPlan {
  const table = { name };
  return {
    key: streamKey(table),
    table,
    fields: Object.entries(kinds).map(([field, kind]) => ({ name: field, kind })),
    primaryKey: [],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...more,
  };
}

let loads = 0;

export async function load(
  session: DestinationSession,
  plan: StreamPlan,
  rows: readonly JsonObject[],
  end: "commit" | "rollback" = "commit",
): Promise<void> {
  const encoding = session.takes(plan).find(({ format }) => format === "batch");
  if (encoding === undefined) throw new TypeError("Every destination takes batches.");
  const columns = encoding.columns.map(({ field }) => ({
    form: "json" as const,
    values: rows.map((row): JsonValue | undefined => row[field.name]),
  }));
  const batch: ColumnBatch = { rows: rows.length, columns, bytes: rows.length * 100 };
  const transaction = await session.transaction(signal);
  loads += 1;
  const result = await transaction.load({
    stream: plan,
    encoding,
    read: {
      form: "batches",
      rows: () => rows.length,
      chunks: (async function* () {
        yield batch;
      })(),
    },
    meta: {
      rawIdPrefix: `00000000-0000-7000-8000-${String(loads).padStart(4, "0")}`,
      extractedAt: 1_700_000_000_000,
      generation: plan.generation,
      sync: 1,
    },
    reject: async () => undefined,
    progress: () => undefined,
    signal,
  });
  expectEqual([result.received, result.written], [rows.length, rows.length], "rows received and written");
  if (end === "commit") await transaction.commit([{ stream: plan.key, document: { rows: rows.length } }]);
  else await transaction.rollback();
}

/** Takes the streams under a token later than any before; returns what was changed for them. */
export function begin(
  session: DestinationSession,
  ...streams: readonly StreamPlan[]
): Promise<readonly string[]> {
  return session.begin({ token: nextToken(), streams, checkpoints: [] });
}

export async function finish(session: DestinationSession, stream: StreamPlan): Promise<void> {
  const checkpoint = { stream: stream.key, document: { finished: true } };
  await session.finish({ stream, checkpoint, overlap: false, since: 1, signal });
}
