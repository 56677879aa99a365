import type { Link } from "./link.ts";
import { EXTRACTED_AT, META, RAW_ID } from "./names.ts";
import { identifier, literal, tableSql, type TableName } from "./sql.ts";

/** A cursor's column, and the field, by whose name changes of its values are noted. */
export interface CursorColumn {
  readonly field: string;
  readonly name: string;
}

/** A table whose rows have a primary key. Names are columns. */
export interface KeyedTable {
  readonly table: TableName;
  readonly key: readonly string[];
  readonly cursor: CursorColumn | undefined;
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
    const isUnordered =
      cursor === undefined ? "false" : `bool_or(${lostCursor("t", cursor)}) OVER (PARTITION BY ${partition})`;
    const order = [
      ...(cursor === undefined
        ? []
        : [`CASE WHEN NOT _weir_unordered THEN t.${identifier(cursor.name)} END DESC NULLS LAST`]),
      `t.${EXTRACTED_AT} DESC`,
      `t.${RAW_ID} DESC`,
    ];
    await link.run(
      `DELETE FROM ${table} WHERE ${rowId} IN (
         SELECT id FROM (
           SELECT t.${rowId} AS id, row_number() OVER (PARTITION BY ${partition} ORDER BY ${order.join(", ")}) AS place
           FROM (
             SELECT t.*, ${isUnordered} AS _weir_unordered
             FROM (SELECT *, ${rowId} FROM ${table} ${among}) AS t SEMI JOIN ${DUPLICATES} AS d ON ${sameKey("t", "d", key)}
           ) AS t
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

/** Whether a row of `_airbyte_meta` notes a change of one of the fields; most rows are asked for one word only. */
export function hasChange(meta: string, fields: Iterable<string>): string {
  const names = Array.from(fields, literal).join(", ");
  return `CASE WHEN contains(CAST(${meta} AS VARCHAR), '"field"')
    THEN coalesce(list_has_any(json_extract_string(${meta}, '$.changes[*].field'), [${names}]), false) ELSE false END`;
}

/** The source's cursor had a value, which its column could not take. */
function lostCursor(table: string, { field, name }: CursorColumn): string {
  return `CASE WHEN ${table}.${identifier(name)} IS NULL THEN ${hasChange(`${table}.${META}`, [field])} ELSE false END`;
}

/**
 * Whether one row of a key is newer than another: by cursor, NULL being the least, then by when it was read and loaded.
 * Where a cursor was lost, by the latter alone.
 */
export function isNewer(left: string, right: string, cursor: CursorColumn | undefined): string {
  const loaded = `${ageSql(left)} > ${ageSql(right)}`;
  if (cursor === undefined) return loaded;
  const isLost = `${lostCursor(left, cursor)} OR ${lostCursor(right, cursor)}`;
  const ordered = `${ageSql(left, cursor)} > ${ageSql(right, cursor)}`;
  return `CASE WHEN ${isLost} THEN ${loaded} ELSE ${ordered} END`;
}

function ageSql(table: string, cursor?: CursorColumn): string {
  const value = cursor === undefined ? undefined : `${table}.${identifier(cursor.name)}`;
  const parts = [
    ...(value === undefined ? [] : [`${value} IS NOT NULL`, value]),
    `${table}.${EXTRACTED_AT}`,
    `${table}.${RAW_ID}`,
  ];
  return `row(${parts.join(", ")})`;
}
