import type { RowCounts } from "@weir/engine";
import type { Change } from "@weir/protocol";
import { expect } from "vitest";
import type { Database, Row } from "./databases.ts";
import {
  COLUMNS,
  type Loss,
  tableSql,
  type TypeColumn,
  TYPES_SQL,
  type TypeValue,
} from "./postgres-values.ts";
import type { Synced } from "./scene.ts";

/** What becomes of a value in the destination at hand; undefined when it arrives as it is. */
export type LossOf = (value: TypeValue, column: TypeColumn) => Loss | undefined;

/** Schema of the source's tables. */
export const ORIGIN = "origin";

/** Whether a value is in the table `fitting`. */
export type Fits = (value: TypeValue, column: TypeColumn) => boolean;

/** A source with the table `every` of all values, and `fitting` of those that the destination takes by every route. */
export async function prepareTypes(database: Database, fits: Fits): Promise<void> {
  await database.sql(TYPES_SQL);
  await database.sql(`CREATE SCHEMA ${ORIGIN}`);
  for (const statement of tableSql(`${ORIGIN}.every`, COLUMNS)) await database.sql(statement);
  for (const statement of tableSql(`${ORIGIN}.fitting`, fitting(fits))) await database.sql(statement);
}

export function fitting(fits: Fits): readonly TypeColumn[] {
  return COLUMNS.map((column) => ({
    ...column,
    values: column.values.filter((value) => fits(value, column)),
  }));
}

/** The text of a value as its type's output function writes it, long ones as a digest. `IS NULL` is true of ROW(NULL). */
export function outputOf(column: string): string {
  return `CASE WHEN ${column} IS DISTINCT FROM NULL THEN format('%s', ${column}) END`;
}

/** Long texts as a digest, in PostgreSQL's and DuckDB's SQL. */
function shown(text: string): string {
  return `CASE WHEN length(${text}) > 2000 THEN 'md5 ' || md5(${text}) ELSE ${text} END`;
}

/** One query over a table, one expression for each column, by id. */
export function selectAll(
  from: string,
  columns: readonly TypeColumn[],
  expression: (column: TypeColumn) => string,
): string {
  const list = columns.map((column) => `${shown(expression(column))} AS "${column.name}"`);
  return `SELECT id, ${list.join(", ")} FROM ${from} ORDER BY id`;
}

/** The rows with what is lost made NULL; fails where the source's own answer and the list of losses contradict. */
export function withLosses(
  truth: readonly Row[],
  columns: readonly TypeColumn[],
  lossOf: LossOf,
): readonly Row[] {
  return truth.map((row, at) => {
    const values = columns.map((column) => {
      const { name } = column;
      const value = column.values[at];
      const loss = value === undefined ? undefined : lossOf(value, column);
      const text = loss?.change === "NULLED" ? null : (row[name] ?? null);
      if ((text === null) !== (value === undefined || loss?.change === "NULLED"))
        throw new Error(`${name}, row ${at}: the database says ${text} of ${value?.sql.slice(0, 100)}`);
      return [name, text] as const;
    });
    return { id: row["id"] ?? null, ...Object.fromEntries(values) };
  });
}

/** The entries of `_airbyte_meta.changes` for each row, by field. */
export function changesOf(
  rows: number,
  columns: readonly TypeColumn[],
  lossOf: LossOf,
): readonly (readonly Change[])[] {
  return Array.from({ length: rows }, (_, row) =>
    sorted(
      columns.flatMap((column) => {
        const value = column.values[row];
        const loss = value === undefined ? undefined : lossOf(value, column);
        return loss === undefined ? [] : [{ field: column.name, ...loss }];
      }),
    ),
  );
}

export function sorted(changes: readonly Change[]): readonly Change[] {
  return changes.toSorted((left, right) => (left.field < right.field ? -1 : 1));
}

/** Whether some part went again by the typed route. */
export function isReplayed({ events }: Synced): boolean {
  return events.some(({ type }) => type === "replay");
}

/** Counts of the only stream. */
export function rowCounts({ result }: Synced): RowCounts | undefined {
  return result.streams[0]?.rows;
}

/** Value by value, so that a difference is named by its column. */
export function expectSame(rows: readonly Row[], expected: readonly Row[]): void {
  expect(rows.length).toBe(expected.length);
  const differences = rows.flatMap((row, at) =>
    Object.keys(expected[at] ?? {})
      .filter((name) => row[name] !== expected[at]?.[name])
      .map((name) => `${name}, row ${at}: ${row[name]} instead of ${expected[at]?.[name]}`),
  );
  expect(differences).toEqual([]);
}
