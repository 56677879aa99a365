import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { type ExistingTable, lookAt } from "./catalog.ts";
import { createTable, evolveTable, META_COLUMNS } from "./ddl.ts";
import { dropDefaults } from "./defaults.ts";
import { isPlain } from "./plain.ts";
import { columnList, identifier, literal, tableText } from "./sql.ts";
import type { Target } from "./tables.ts";
import { sameType } from "./types.ts";
import { converted } from "./widen.ts";

/** How long readers may keep Weir from swapping the tables before the rows are replaced in place instead. */
const SWAP_WITHIN = "3s";

/**
 * Puts the stage's rows in the place of the final table's, in the open transaction.
 *
 * A table that is Weir's alone is dropped and the stage takes its name: no row is written twice. Where something of the
 * user's hangs on the table (views, grants, indexes, triggers, foreign keys, comments), or readers keep it locked, the
 * table stays and its rows are replaced; until the commit readers see the old ones. That takes the time and the space of
 * writing all rows once more.
 */
export async function replace(session: Session, target: Target): Promise<void> {
  const final = await finalTable(session, target);
  if (await lockedAndPlain(session, target, final)) await swap(session, target, final);
  else await replaceRows(session, target, final);
}

/** Made when missing, because default privileges are given to tables made in a schema, not to those moved there. */
async function finalTable(session: Session, { final, columns }: Target): Promise<ExistingTable> {
  const view = await lookAt(session, [final], []);
  const existing = view.table(final);
  if (existing !== undefined) return existing;
  if (!view.schemas.has(final.schema)) {
    // IF NOT EXISTS fails when two streams finish at once: the second waits for the first one's commit.
    await session.query(`SELECT pg_advisory_xact_lock(hashtext(${literal(`weir schema ${final.schema}`)}))`);
    await session.query(`CREATE SCHEMA IF NOT EXISTS ${identifier(final.schema)}`);
  }
  for (const statement of createTable(final, columns)) await session.query(statement);
  const made = (await lookAt(session, [final], [])).table(final);
  if (made === undefined) throw new Error(`Table ${final.schema}.${final.name} was made and is not there`);
  return made;
}

async function lockedAndPlain(session: Session, target: Target, final: ExistingTable): Promise<boolean> {
  if (!(await isPlain(session, target, final))) return false;
  await session.query(`SAVEPOINT weir_swap; SET LOCAL lock_timeout = '${SWAP_WITHIN}'`);
  try {
    await session.query(`LOCK TABLE ${tableText(target.final)} IN ACCESS EXCLUSIVE MODE`);
  } catch (error) {
    if (sqlState(error) !== "55P03") throw error;
    await session.query("ROLLBACK TO SAVEPOINT weir_swap");
    return false;
  }
  await session.query("SET LOCAL lock_timeout = 0");
  // Now that nobody else can change it: something may have been hung on it since the first look.
  return isPlain(session, target, final);
}

async function swap(session: Session, { final, load, columns }: Target, old: ExistingTable): Promise<void> {
  const stage = tableText(load);
  const names = new Set([...META_COLUMNS, ...columns].map(({ name }) => name));
  // Columns that the source no longer has stay, without values.
  const kept = [...old.columns].filter(([name]) => !names.has(name));
  const add = kept.map(([name, { type }]) => `ADD COLUMN IF NOT EXISTS ${identifier(name)} ${type.sql}`);
  const moved = tableText({ schema: final.schema, name: load.name });
  await session.query(
    [
      ...(add.length === 0 ? [] : [`ALTER TABLE ${stage} ${add.join(", ")}`]),
      dropDefaults(load),
      `COMMENT ON TABLE ${stage} IS NULL`,
      `DROP TABLE ${tableText(final)}`,
      `ALTER TABLE ${stage} SET SCHEMA ${identifier(final.schema)}`,
      `ALTER TABLE ${moved} RENAME TO ${identifier(final.name)}`,
    ].join(";\n"),
  );
}

/**
 * One statement, so that foreign keys to keys that are there before and after hold at its end. The delete runs before the
 * first row is inserted, because each inserted row needs its count.
 */
async function replaceRows(session: Session, target: Target, old: ExistingTable): Promise<void> {
  const { final, load, columns, plan } = target;
  const evolution = evolveTable(final, old, columns, plan.key);
  for (const statement of evolution.statements) await session.query(statement);
  const metas = META_COLUMNS.map(({ name }) => name);
  const values = columns.map(({ name, type }, at) => {
    const to = evolution.types[at] ?? type;
    return sameType(type, to) ? identifier(name) : converted(name, type, to);
  });
  await session.query(`
WITH gone AS (DELETE FROM ${tableText(final)} RETURNING 1), counted AS (SELECT count(*) FROM gone)
INSERT INTO ${tableText(final)} (${columnList([...metas, ...columns.map(({ name }) => name)])})
SELECT ${[columnList(metas), ...values].join(", ")} FROM ${tableText(load)}, counted`);
  await session.query(`DROP TABLE ${tableText(load)}`);
}
