import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import {
  EXTRACTED_AT,
  GENERATION_ID,
  keyIndexName,
  META,
  RAW_ID,
  type TableName,
  WEIR_SCHEMA,
} from "./names.ts";
import { columnList, identifier, tableText } from "./sql.ts";
import type { Target } from "./tables.ts";

/**
 * Leaves the newest row of each key in the load's table: greatest cursor (NULL last), then the row extracted last, then
 * the greatest raw id. NULL in a key equals NULL.
 */
export async function deleteDuplicates(session: Session, target: Target): Promise<void> {
  const { load, key, cursor } = target;
  if (key.length === 0) return;
  const order = [
    ...(cursor === undefined ? [] : [`${identifier(cursor)} DESC NULLS LAST`]),
    `${EXTRACTED_AT} DESC`,
    `${RAW_ID} COLLATE "C" DESC`,
  ];
  await session.query(deleteAllButFirst(load, { key, order: order.join(", ") }));
}

/**
 * Leaves, among the rows of this load, the one of each key that was read last. Rows with NULL in their key are no
 * repetitions. Raw ids ascend in the order of loading.
 */
export async function deleteReread(session: Session, target: Target, since: number): Promise<void> {
  const { plan, load, key } = target;
  // Somebody else's rows may have anything in their meta column.
  const ofThisLoad = `CASE WHEN ${GENERATION_ID} = ${plan.generation} AND ${META} ->> 'sync_id' ~ '^[0-9]{1,18}$'
    THEN (${META} ->> 'sync_id')::bigint >= ${since} ELSE false END`;
  const keyed = key.map((column) => `${identifier(column)} IS NOT NULL`).join(" AND ");
  const order = `${RAW_ID} COLLATE "C" DESC`;
  await session.query(deleteAllButFirst(load, { key, order, where: `${keyed} AND ${ofThisLoad}` }));
}

interface Ranking {
  readonly key: readonly string[];
  readonly order: string;
  /** Which rows take part; all when absent. */
  readonly where?: string | undefined;
}

function deleteAllButFirst(table: TableName, { key, order, where = "true" }: Ranking): string {
  const name = tableText(table);
  // The user's table may be partitioned, where a ctid alone names several rows. Before PostgreSQL 14 a ctid cannot be
  // hashed; alone it is merged instead, in a pair it would be compared with each other one.
  const row = table.schema === WEIR_SCHEMA ? "ctid" : "tableoid, ctid";
  return `
DELETE FROM ${name} WHERE (${row}) IN (
  SELECT ${row} FROM (
    SELECT ${row}, row_number() OVER (PARTITION BY ${columnList(key)} ORDER BY ${order}) AS place
    FROM ${name} WHERE ${where}
  ) AS ranked
  WHERE place > 1
)`;
}

export async function deleteOlderGenerations(session: Session, { plan, final }: Target): Promise<void> {
  await session.query(`DELETE FROM ${tableText(final)} WHERE ${GENERATION_ID} < ${plan.minimumGeneration}`);
}

/** How staged rows and shown rows find each other. */
interface Match {
  /** Which staged rows take part. */
  readonly staged: string;
  /** `s` is the staged row, `f` the shown one. */
  readonly on: string;
}

/**
 * Merges the stage, which has one row for each key, into the final table. A shown row gives way to a newer one; a staged
 * row that is deleted at the source takes the shown one with it.
 */
export async function merge(session: Session, target: Target, deleted: string | undefined): Promise<void> {
  const { key, load } = target;
  if (key.length === 0) {
    await session.query(insertNew(target, deleted, { staged: "true", on: "false" }));
    return;
  }
  const loose = key.map((column) => `s.${identifier(column)} IS NULL`).join(" OR ");
  const [found] = await session.query<{ readonly loose: string }>(
    `SELECT EXISTS (SELECT FROM ${tableText(load)} AS s WHERE ${loose}) AS loose`,
  );
  await session.query(`ANALYZE ${tableText(load)} (${columnList(key)})`);
  await mergeMatched(session, target, deleted, keyedMatch(key));
  if (found?.loose === "t") await mergeMatched(session, target, deleted, looseMatch(key));
}

function keyedMatch(key: readonly string[]): Match {
  return {
    staged: key.map((column) => `s.${identifier(column)} IS NOT NULL`).join(" AND "),
    on: key.map((column) => `f.${identifier(column)} = s.${identifier(column)}`).join(" AND "),
  };
}

/** IS NOT DISTINCT FROM can use neither index nor hash; JSON arrays of the key columns can be hashed, NULL included. */
function looseMatch(key: readonly string[]): Match {
  const some = (table: string): string =>
    key.map((column) => `${table}.${identifier(column)} IS NULL`).join(" OR ");
  const array = (table: string): string => `jsonb_build_array(${columnList(key, `${table}.`)})`;
  return { staged: `(${some("s")})`, on: `(${some("f")}) AND ${array("f")} = ${array("s")}` };
}

async function mergeMatched(
  session: Session,
  target: Target,
  deleted: string | undefined,
  match: Match,
): Promise<void> {
  const [load, final] = [tableText(target.load), tableText(target.final)];
  const newer = newerThanShown(target.cursor);
  if (deleted !== undefined) {
    await session.query(
      `DELETE FROM ${final} AS f USING ${load} AS s
       WHERE ${match.staged} AND s.${identifier(deleted)} IS NOT NULL AND ${match.on} AND ${newer}`,
    );
  }
  const set = allColumns(target).map((column) => `${identifier(column)} = s.${identifier(column)}`);
  await withoutLongKeys(session, target, async () => {
    await session.query(
      `UPDATE ${final} AS f SET ${set.join(", ")} FROM ${load} AS s
       WHERE ${match.staged} AND ${alive(deleted)} AND ${match.on} AND ${newer}`,
    );
    await session.query(insertNew(target, deleted, match));
  });
}

function alive(deleted: string | undefined): string {
  return deleted === undefined ? "true" : `s.${identifier(deleted)} IS NULL`;
}

function insertNew(target: Target, deleted: string | undefined, { staged, on }: Match): string {
  const columns = allColumns(target);
  const final = tableText(target.final);
  return `INSERT INTO ${final} (${columnList(columns)}) SELECT ${columnList(columns, "s.")} FROM ${tableText(target.load)} AS s
    WHERE ${staged} AND ${alive(deleted)} AND NOT EXISTS (SELECT FROM ${final} AS f WHERE ${on})`;
}

function allColumns({ columns }: Target): readonly string[] {
  return [RAW_ID, EXTRACTED_AT, META, GENERATION_ID, ...columns.map(({ name }) => name)];
}

function newerThanShown(cursor: string | undefined): string {
  const later = `(s.${EXTRACTED_AT}, s.${RAW_ID} COLLATE "C") > (f.${EXTRACTED_AT}, f.${RAW_ID} COLLATE "C")`;
  if (cursor === undefined) return `(${later})`;
  const [staged, shown] = [`s.${identifier(cursor)}`, `f.${identifier(cursor)}`];
  return `(${staged} > ${shown} OR ${staged} IS NOT NULL AND ${shown} IS NULL
    OR (${staged} = ${shown} OR ${staged} IS NULL AND ${shown} IS NULL) AND ${later})`;
}

/**
 * A B-tree takes entries of 2,704 bytes at most. When a key is longer, Weir's own index gives way to a hash index on the
 * first key column, which takes any.
 */
async function withoutLongKeys(session: Session, target: Target, act: () => Promise<void>): Promise<void> {
  await session.query("SAVEPOINT weir_merge");
  try {
    await act();
  } catch (error) {
    if (sqlState(error) !== "54000") throw error;
    await session.query("ROLLBACK TO SAVEPOINT weir_merge");
    await session.query(dropKeyIndex(target));
    await act();
    await session.query(hashIndex(target));
  }
}

function dropKeyIndex({ final, key }: Target): string {
  return `DROP INDEX IF EXISTS ${identifier(final.schema)}.${identifier(keyIndexName(final, key))}`;
}

function hashIndex({ final, key }: Pick<Target, "final" | "key">): string {
  const [first = ""] = key;
  return `CREATE INDEX ${identifier(keyIndexName(final, key))} ON ${tableText(final)} USING hash (${identifier(first)})`;
}
