import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { makeFolder } from "@weir/kit";
import type { BeginRequest, FencingToken, SchemaNote, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { claimTable, inspectTable } from "./claims.ts";
import type { FileSettings } from "./config.ts";
import { exists } from "./disk.ts";
import { unusable } from "./failures.ts";
import { type Manifest, recordOf, type StreamRecord, withCheckpoints, withRecord } from "./manifest.ts";
import { tableFolder } from "./names.ts";
import { type Places, stagedFolder } from "./places.ts";
import { evolve, readSchema } from "./schema-file.ts";
import type { Target } from "./target.ts";

export interface BeginScene {
  readonly places: Places;
  readonly settings: FileSettings;
  readonly connection: string;
  /** Names this session. */
  readonly session: string;
}

/** Fails when a later attempt, or another session of this one, has taken the fence. */
export function compareFence({ token, session }: Manifest, mine: FencingToken, own: string): void {
  if (session !== own) throw fenced(mine, token);
}

export function takeFence(manifest: Manifest, token: FencingToken, session: string): Manifest {
  if (manifest.token !== null && isGreater(manifest.token, token)) throw fenced(token, manifest.token);
  return { ...manifest, token, session };
}

function isGreater(left: FencingToken, right: FencingToken): boolean {
  return left.sync > right.sync || (left.sync === right.sync && left.attempt > right.attempt);
}

function fenced(token: FencingToken, held: FencingToken | null): WeirError {
  return new WeirError({
    code: "destination.fenced",
    message: `Sync ${token.sync}, attempt ${token.attempt}, may not write any more: ${held === null ? "another one" : `sync ${held.sync}, attempt ${held.attempt},`} has taken over this connection.`,
    next: "Nothing: the other one goes on from the last checkpoint. Run a connection from one place at a time.",
    recovery: "stop",
    origin: "destination",
  });
}

/** Whether rows wait until the stream is finished. */
function isReplacing({ mode, generation, minimumGeneration }: StreamPlan): boolean {
  return mode === "overwrite" || minimumGeneration >= generation;
}

export interface Prepared {
  readonly target: Target;
  readonly record: StreamRecord;
  readonly notes: readonly SchemaNote[];
}

/** Looks at a stream's table and says what is to be; makes nothing visible. */
export async function prepare(
  { places, settings, connection, session }: BeginScene,
  plan: StreamPlan,
  manifest: Manifest,
): Promise<Prepared> {
  const folder = tableFolder(plan.table);
  const visible = join(places.root, folder);
  await claimTable(places, plan, connection, session);
  const files = await inspectTable(visible, plan.key);
  const before = recordOf(manifest, plan.key);
  const goesOn = !plan.fresh && before?.generation === plan.generation && before.folder === folder;
  const waits = isReplacing(plan) && !(goesOn && before.staged === null && plan.mode !== "overwrite");
  const staged = !waits
    ? null
    : goesOn && before.staged !== null
      ? before.staged
      : `${session}-${randomUUID().slice(0, 8)}`;
  if (staged !== null) await makeFolder(join(places.root, stagedFolder(places, staged)));
  const isReplaced = isReplacing(plan) && plan.minimumGeneration >= plan.generation;
  const stagedPath = staged === null ? undefined : join(places.root, stagedFolder(places, staged));
  const found = isReplaced
    ? stagedPath === undefined
      ? undefined
      : await readSchema(stagedPath)
    : await readSchema(visible);
  if (found !== undefined && found.format !== settings.format && (isReplaced || files.length > 0)) {
    throw unusable(
      `The files of ${folder} are ${found.format}, not ${settings.format}: one table has one format.`,
      `Refresh the stream, set the format back to ${found.format}, or write into another folder.`,
      plan.key,
    );
  }
  const { schema, columns, notes } = evolve(plan, settings.format, found);
  const partition = settings.partitionBy
    .map((name) => plan.fields.findIndex((field) => field.name === name))
    .filter((index) => index >= 0);
  return {
    target: {
      plan,
      columns,
      schema,
      folder,
      staged: staged === null ? null : stagedFolder(places, staged),
      partition,
    },
    record: { stream: plan.key, folder, generation: plan.generation, staged },
    notes,
  };
}

export function begun(
  manifest: Manifest,
  { token, checkpoints }: BeginRequest,
  session: string,
  records: readonly StreamRecord[],
): Manifest {
  return {
    ...takeFence(manifest, token, session),
    checkpoints: withCheckpoints(manifest.checkpoints, checkpoints),
    streams: records.reduce(withRecord, manifest.streams),
  };
}

/** Whether the rows a stream is to go on with are still there. */
export async function isLost(places: Places, plan: StreamPlan, manifest: Manifest): Promise<boolean> {
  const record = recordOf(manifest, plan.key);
  if (record !== undefined && record.staged !== null)
    return !(await exists(join(places.root, stagedFolder(places, record.staged))));
  const swapped = manifest.pending.some(
    (operation) => operation.do === "swap" && operation.table === tableFolder(plan.table),
  );
  return !swapped && (await readSchema(join(places.root, tableFolder(plan.table)))) === undefined;
}
