import type { Link } from "./link.ts";
import { WEIR_SCHEMA } from "./names.ts";
import { literal, tableKey, type TableName } from "./sql.ts";
import type { Target } from "./target.ts";

/**
 * Tables known to hold one row for each key, so that a merge need not look at rows it does not touch. What loads them in
 * another mode makes them unknown again.
 */
const TABLE = `${WEIR_SCHEMA}.keyed_tables`;

/** The key of each table, by `tableKey`. */
export type KeyedTables = ReadonlyMap<string, string>;

export async function readKeyed(link: Link): Promise<KeyedTables> {
  const rows = await link.rows(`SELECT table_name, key_columns FROM ${TABLE}`);
  return new Map(rows.map(([table, key]) => [String(table), String(key)]));
}

export function isKnownKeyed(known: KeyedTables, table: TableName, key: readonly string[]): boolean {
  return known.get(tableKey(table)) === JSON.stringify(key);
}

export async function rememberKey(link: Link, { final, plan }: Target): Promise<void> {
  await forgetKey(link, final);
  await link.run(
    `INSERT INTO ${TABLE} VALUES (${literal(tableKey(final))}, ${literal(JSON.stringify(plan.primaryKey))})`,
  );
}

export async function forgetKey(link: Link, table: TableName): Promise<void> {
  await link.run(`DELETE FROM ${TABLE} WHERE table_name = ${literal(tableKey(table))}`);
}
