import type { Link } from "./link.ts";
import { EXTRACTED_AT, RAW_ID } from "./names.ts";
import { identifier, tableSql, type TableName } from "./sql.ts";

/** A table whose rows have a primary key. Names are columns. */
export interface KeyedTable {
  readonly table: TableName;
  readonly key: readonly string[];
  readonly cursor: string | undefined;
  /** `rowid`, or a unique column where a column of the user's has that name. */
  readonly rowId: string;
  /** Condition for the rows looked at. */
  readonly among?: string | undefined;
}

const DUPLICATES = "_weir_duplicates";

/**
 * Of the rows with one key only the newest stays. Only rows whose key occurs twice are sorted: finding that none does
 * takes a tenth of the time and holds the keys alone.
 */
export async function keepNewest(link: Link, keyed: KeyedTable, signal: AbortSignal): Promise<void> {
  const { key, rowId, cursor } = keyed;
  const table = tableSql(keyed.table);
  const among = keyed.among === undefined ? "" : `WHERE ${keyed.among}`;
  const columns = key.map(identifier).join(", ");
  await link.run(
    `CREATE OR REPLACE TEMP TABLE ${DUPLICATES} AS
     SELECT ${columns} FROM ${table} ${among} GROUP BY ${columns} HAVING count(*) > 1`,
    signal,
  );
  const [found] = await link.rows(`SELECT count(*) FROM ${DUPLICATES}`, signal);
  if (Number(found?.[0]) > 0) {
    const partition = key.map((name) => `t.${identifier(name)}`).join(", ");
    const order = [
      ...(cursor === undefined ? [] : [`t.${identifier(cursor)} DESC NULLS LAST`]),
      `t.${EXTRACTED_AT} DESC`,
      `t.${RAW_ID} DESC`,
    ];
    await link.run(
      `DELETE FROM ${table} WHERE ${rowId} IN (
         SELECT id FROM (
           SELECT t.${rowId} AS id, row_number() OVER (PARTITION BY ${partition} ORDER BY ${order.join(", ")}) AS place
           FROM (SELECT *, ${rowId} FROM ${table} ${among}) AS t SEMI JOIN ${DUPLICATES} AS d ON ${sameKey("t", "d", key)}
         ) WHERE place > 1
       )`,
      signal,
    );
  }
  await link.run(`DROP TABLE ${DUPLICATES}`, signal);
}

/** NULL is a key like any other. */
export function sameKey(left: string, right: string, key: readonly string[]): string {
  return key
    .map((name) => `${left}.${identifier(name)} IS NOT DISTINCT FROM ${right}.${identifier(name)}`)
    .join(" AND ");
}

/** Greater for newer rows: by cursor, NULL being the least, then by when the row was read and loaded. */
export function ageSql(table: string, cursor: string | undefined): string {
  const parts = [
    ...(cursor === undefined
      ? []
      : [`${table}.${identifier(cursor)} IS NOT NULL`, `${table}.${identifier(cursor)}`]),
    `${table}.${EXTRACTED_AT}`,
    `${table}.${RAW_ID}`,
  ];
  return `row(${parts.join(", ")})`;
}
