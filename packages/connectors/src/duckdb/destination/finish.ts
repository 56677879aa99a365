import type { FinishRequest } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { hasChange, isNewer, keepNewest, type KeyedTable, sameKey } from "./dedup.ts";
import { addFinished, isFinished } from "./finished.ts";
import { rememberKey } from "./keyed.ts";
import type { Link } from "./link.ts";
import { DELETED_AT_FIELD, GENERATION_ID, META, META_COLUMNS } from "./names.ts";
import { identifier, literal, tableSql, type TableName } from "./sql.ts";
import type { Target } from "./target.ts";

export interface FinishScene {
  readonly link: Link;
  readonly connection: string;
  readonly target: Target;
  readonly request: FinishRequest;
}

/** Makes a generation visible, within the caller's transaction. */
export async function finish(scene: FinishScene): Promise<void> {
  const { link, target, request } = scene;
  const isDedup = target.plan.mode.endsWith("_dedup");
  if (isDedup) await keepNewest(link, keyed(target, target.load), request.signal);
  else if (request.overlap && target.plan.primaryKey.length > 0) {
    await keepNewest(
      link,
      { ...keyed(target, target.load), among: `${ofThisLoad(request)} AND ${hasFitKey(target)}` },
      request.signal,
    );
  }
  switch (target.ending) {
    case "append":
      return dropGenerations(scene);
    case "merge":
      return merge(scene);
    case "swap":
    case "refill":
      if (isDedup) await dropDeleted(scene, target.load);
      await replace(scene);
      if (isDedup) await rememberKey(link, target);
  }
}

/** Fails where a key field is not among the fields: rows cannot be told apart without it. */
function keyed({ plan, columns, rowId }: Target, table: TableName): KeyedTable {
  const columnOf = (field: string): string | undefined =>
    columns.find((column) => column.field.name === field)?.name;
  const key = plan.primaryKey.flatMap((field) => columnOf(field) ?? []);
  if (key.length === 0 || key.length < plan.primaryKey.length) {
    throw new WeirError({
      code: "destination.key_missing",
      message: `Stream ${plan.key} is to keep one row for each key, but ${key.length === 0 ? "has no primary key" : "not every field of the key is selected"}.`,
      next: "Set a primary key of selected fields, or choose a mode without dedup.",
      recovery: "ask",
      origin: "destination",
      stream: plan.key,
    });
  }
  const cursor = columns.find(({ field }) => field.name === plan.cursor);
  return {
    table,
    key,
    cursor: cursor === undefined ? undefined : { field: cursor.field.name, name: cursor.name },
    rowId,
  };
}

/** Rows whose key did not fit its column, loaded in a mode that keeps them all, cannot be told apart by it. */
function hasFitKey({ plan }: Target): string {
  return `NOT ${hasChange(META, plan.primaryKey)}`;
}

/** Rows that the load being finished wrote, by whichever of its syncs. */
function ofThisLoad({ stream, since }: FinishRequest): string {
  return `${GENERATION_ID} = ${stream.generation} AND CAST(json_extract_string(${META}, '$.sync_id') AS BIGINT) >= ${since}`;
}

async function dropGenerations({ link, target, request }: FinishScene): Promise<void> {
  const { minimumGeneration } = target.plan;
  if (minimumGeneration === 0) return;
  await link.run(
    `DELETE FROM ${tableSql(target.final)} WHERE ${GENERATION_ID} < ${minimumGeneration}`,
    request.signal,
  );
}

/** Rows that say their key was deleted at the source. */
async function dropDeleted({ link, target, request }: FinishScene, table: TableName): Promise<void> {
  const mark = target.columns.find(({ field }) => field.name === DELETED_AT_FIELD);
  if (mark === undefined) return;
  await link.run(`DELETE FROM ${tableSql(table)} WHERE ${identifier(mark.name)} IS NOT NULL`, request.signal);
}

async function isAny({ link, request }: FinishScene, table: TableName): Promise<boolean> {
  const rows = await link.rows(`SELECT 1 FROM ${tableSql(table)} LIMIT 1`, request.signal);
  return rows.length > 0;
}

async function exists({ link, request }: FinishScene, { schema, name }: TableName): Promise<boolean> {
  const rows = await link.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = current_database()
     AND lower(schema_name) = lower('${schema.replaceAll("'", "''")}') AND lower(table_name) = lower('${name.replaceAll("'", "''")}')`,
    request.signal,
  );
  return rows.length > 0;
}

async function replace(scene: FinishScene): Promise<void> {
  const { link, target, request } = scene;
  const { signal } = request;
  const [final, load] = [tableSql(target.final), tableSql(target.load)];
  // Finished before, and asked again after a crash that lost the answer: nothing is staged, and the rows are there.
  const again =
    !(await isAny(scene, target.load)) &&
    (await exists(scene, target.final)) &&
    (await isFinished(link, scene.connection, target.plan));
  if (again) return link.run(`DROP TABLE ${load}`, signal).then(() => undefined);
  await addFinished(link, scene.connection, target.plan);
  if (target.ending === "swap") {
    // A first merge replaces nothing: what somebody made meanwhile is not dropped, the rename fails.
    if (target.plan.mode !== "append_dedup") await link.run(`DROP TABLE IF EXISTS ${final}`, signal);
    await link.run(`ALTER TABLE ${load} RENAME TO ${identifier(target.final.name)}`, signal);
    return;
  }
  await bindIndexes(scene);
  await link.run(`DELETE FROM ${final}`, signal);
  await link.run(`INSERT INTO ${final} BY NAME FROM ${load}`, signal);
  await link.run(`DROP TABLE ${load}`, signal);
}

/**
 * An index that nothing has read or written since the file was opened learns nothing of a DELETE, and then refuses the
 * same key in an INSERT. Inserting nothing wakes it.
 */
async function bindIndexes({ link, target, request }: FinishScene): Promise<void> {
  const nothing = `INSERT INTO ${tableSql(target.final)} BY NAME FROM ${tableSql(target.load)} WHERE false`;
  await link.run(nothing, request.signal);
}

/** Columns of the user's own, or of fields that the source no longer has. */
async function hasOtherColumns({ link, target, request }: FinishScene): Promise<boolean> {
  const namesOf = ({ schema, name }: TableName): string =>
    `SELECT lower(column_name) FROM duckdb_columns() WHERE database_name = current_database()
     AND lower(schema_name) = lower(${literal(schema)}) AND lower(table_name) = lower(${literal(name)})`;
  const others = `${namesOf(target.final)} EXCEPT ${namesOf(target.load)} LIMIT 1`;
  return (await link.rows(others, request.signal)).length > 0;
}

/** Writes staged rows over those with the same key, and leaves the columns alone that the stream has not. */
async function updateShown({ link, target, request }: FinishScene, same: string): Promise<void> {
  const { signal } = request;
  const [final, load] = [tableSql(target.final), tableSql(target.load)];
  const mark = target.columns.find(({ field }) => field.name === DELETED_AT_FIELD);
  if (mark !== undefined) {
    const deleted = `s.${identifier(mark.name)} IS NOT NULL`;
    await link.run(`DELETE FROM ${final} AS f USING ${load} AS s WHERE ${same} AND ${deleted}`, signal);
  }
  const set = [...META_COLUMNS, ...target.columns.map(({ name }) => name)].map(
    (name) => `${identifier(name)} = s.${identifier(name)}`,
  );
  await link.run(`UPDATE ${final} AS f SET ${set.join(", ")} FROM ${load} AS s WHERE ${same}`, signal);
  await link.run(`DELETE FROM ${load} AS s USING ${final} AS f WHERE ${same}`, signal);
}

/** Newer rows take the place of older ones with the same key; whole rows are copied once, the rest is keys alone. */
async function merge(scene: FinishScene): Promise<void> {
  const { link, target, request } = scene;
  const { signal } = request;
  const staged = keyed(target, target.load);
  const [final, load] = [tableSql(target.final), tableSql(target.load)];
  await dropGenerations(scene);
  if (!target.isKeyed) {
    await keepNewest(link, { ...keyed(target, target.final), among: hasFitKey(target) }, signal);
    await dropDeleted(scene, target.final);
  }
  if (await isAny(scene, target.load)) {
    const same = sameKey("s", "f", staged.key);
    const older = isNewer("f", "s", staged.cursor);
    await bindIndexes(scene);
    await link.run(`DELETE FROM ${load} AS s USING ${final} AS f WHERE ${same} AND ${older}`, signal);
    if (await hasOtherColumns(scene)) await updateShown(scene, same);
    else await link.run(`DELETE FROM ${final} AS f USING ${load} AS s WHERE ${same}`, signal);
    await dropDeleted(scene, target.load);
    await link.run(`INSERT INTO ${final} BY NAME FROM ${load}`, signal);
  }
  await link.run(`DROP TABLE ${load}`, signal);
  if (!target.isKeyed) await rememberKey(link, target);
}
