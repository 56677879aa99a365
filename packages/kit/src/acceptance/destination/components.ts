import type {
  ColumnBatch,
  DestinationSession,
  FencingToken,
  FieldKind,
  JsonObject,
  JsonValue,
  StreamPlan,
} from "@weir/protocol";
import { ExactNumber, streamKey, WeirError } from "@weir/protocol";
import { parseConfig } from "../../config/parse.ts";
import { expect, expectEqual } from "../expect.ts";
import { notApplicable } from "../row.ts";
import { silentContext } from "../run-command.ts";
import type { DestinationScene } from "./scene.ts";

/** Later than any sync of another row into the same destination, and each later than the one before. */
let syncs = Math.floor(Date.now() / 1000);

function nextToken(): FencingToken {
  syncs += 1;
  return { sync: syncs, attempt: 1 };
}
const { signal } = new AbortController();

/** The session of a destination of this process; others have none that could be tried. */
async function withSession(
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

function planOf(
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

async function load(
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

export async function tableOperations(scene: DestinationScene): Promise<JsonObject> {
  const name = scene.name("tables");
  const plan = planOf(name, { id: "integer" });
  let last: readonly JsonObject[] = [{ id: 1 }, { id: 2 }];
  let isCounted = false;
  await withSession(scene, name, async (session) => {
    await session.held();
    await session.begin({ token: nextToken(), streams: [plan], checkpoints: [] });
    const { transactional, modes } = session.capabilities;
    if (transactional) await load(session, plan, [{ id: 9 }], "rollback");
    await load(session, plan, last);
    isCounted = await expectCount(session, plan, 2, "after a rollback and a commit");
    await finish(session, plan);
    if (modes.includes("overwrite")) {
      const next = planOf(
        name,
        { id: "integer" },
        { mode: "overwrite", generation: 2, minimumGeneration: 2 },
      );
      await session.begin({ token: nextToken(), streams: [next], checkpoints: [] });
      await load(session, next, [{ id: 3 }]);
      // What keeps nothing counts what it was given.
      if (scene.subject.dump !== undefined) {
        await expectCount(session, next, 2, "before the end of an overwrite");
      }
      await finish(session, next);
      await expectCount(session, next, 1, "after an overwrite");
      last = [{ id: 3 }];
    }
    if (transactional) await fenceHolds(scene, session, planOf(name, { id: "integer" }, { generation: 3 }));
  });
  const isRead = scene.subject.dump !== undefined;
  if (isRead) await scene.expectRows(scene.stream(name, { id: "integer" }), last);
  return { readBack: isRead, counted: isCounted };
}

/** Compares what the destination counts itself, where it can. */
async function expectCount(
  session: DestinationSession,
  plan: StreamPlan,
  rows: number,
  when: string,
): Promise<boolean> {
  try {
    const measure = await session.measure(plan, { key: [], signal });
    expectEqual(measure.rows, rows, `rows ${when}`);
    return true;
  } catch (error) {
    if (error instanceof WeirError && error.failure.code === "destination.not_countable") return false;
    throw error;
  }
}

async function finish(session: DestinationSession, stream: StreamPlan): Promise<void> {
  const checkpoint = { stream: stream.key, document: { finished: true } };
  await session.finish({ stream, checkpoint, overlap: false, since: 1, signal });
  const held = await session.held();
  if (!session.capabilities.transactional) return;
  const found = held.checkpoints.find((each) => each.stream === stream.key);
  expectEqual(found?.document, { finished: true }, "the checkpoint after the end");
}

/** A later attempt takes over; the one before it can commit nothing more. */
async function fenceHolds(
  scene: DestinationScene,
  older: DestinationSession,
  plan: StreamPlan,
): Promise<void> {
  const token = nextToken();
  await older.begin({ token, streams: [plan], checkpoints: [] });
  await withSession(scene, plan.table.name, async (newer) => {
    await newer.begin({ token: { ...token, attempt: 2 }, streams: [plan], checkpoints: [] });
    const failed = await load(older, plan, [{ id: 99 }]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed instanceof WeirError, "an older attempt could commit");
    expectEqual(failed.failure.code, "destination.fenced", "what the older attempt failed with");
  });
}

export async function schemaMapper(scene: DestinationScene): Promise<JsonObject> {
  const name = scene.name("mapped");
  const plans = [planOf(name, { id: "integer", order: "string", "Foo.Bar": "string" })];
  await withSession(scene, name, async (session) => {
    await session.begin({ token: nextToken(), streams: plans, checkpoints: [] });
    await load(session, plans[0] as StreamPlan, [{ id: 1, order: "a", "Foo.Bar": "b" }]);
    const notes = await session.begin({
      token: nextToken(),
      streams: plans,
      checkpoints: [],
    });
    expectEqual(notes, [], "what the second attempt changed");
    const twice = [planOf(name, { id: "integer" }), { ...planOf(name, { id: "integer" }), key: "other" }];
    const failed = await session.begin({ token: nextToken(), streams: twice, checkpoints: [] }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed instanceof WeirError, "two streams for one table were taken");
    expectEqual(failed.failure.code, "destination.names_collide", "what two streams for one table fail with");
  });
  return {};
}

export async function tableEvolution(scene: DestinationScene): Promise<JsonObject> {
  const name = scene.name("evolved");
  const before = planOf(name, { id: "integer", gone: "string" });
  const after = planOf(name, { id: "integer", come: "string" });
  const isRead = scene.subject.dump !== undefined;
  await withSession(scene, name, async (session) => {
    await session.begin({ token: nextToken(), streams: [before], checkpoints: [] });
    await load(session, before, [{ id: 1, gone: "kept" }]);
    const same = await session.begin({ token: nextToken(), streams: [before], checkpoints: [] });
    expectEqual(same, [], "changes for an unchanged stream");
    await session.begin({ token: nextToken(), streams: [after], checkpoints: [] });
    await load(session, after, [{ id: 2, come: "new" }]);
  });
  const all = scene.stream(name, { id: "integer", gone: "string", come: "string" });
  const rows = [
    { id: 1, gone: "kept" },
    { id: 2, come: "new" },
  ];
  if (isRead) await scene.expectRows(all, rows);
  return { readBack: isRead };
}

const LIMITS: readonly JsonObject[] = [
  { flag: false, whole: 9223372036854775807n, amount: 1.5, day: "9999-12-31", text: "x".repeat(70_000) },
  { flag: true, whole: -9223372036854775808n, amount: -1.5, day: "0001-01-01", text: "" },
  { whole: 0, amount: new ExactNumber("0.000000001"), at: "9999-12-31 23:59:59.999999+00", text: " " },
  { at: "0001-01-01 00:00:00+00", time: "23:59:59.999999" },
  { time: "00:00:00" },
];

export async function coercion(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const name = scene.name("limits");
  const kinds = {
    id: "integer",
    flag: "boolean",
    whole: "integer",
    amount: "number",
    day: "date",
    at: "timestamp_with_timezone",
    time: "time_without_timezone",
    text: "string",
  } as const;
  const plan = planOf(name, kinds);
  const rows = LIMITS.map((row, id) => ({ id, ...row }));
  await withSession(scene, name, async (session) => {
    await session.begin({ token: nextToken(), streams: [plan], checkpoints: [] });
    await load(session, plan, rows);
  });
  const found = await scene.expectRows(scene.stream(name, kinds), rows);
  expect(
    found.every(({ changes }) => changes.length === 0),
    "a value that fits is marked as changed",
  );
  return { rows: rows.length };
}
