import type { LoadRequest } from "@weir/protocol";
import { FEED_FUNCTION } from "./feed.ts";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID } from "./names.ts";
import { extractedAtSql, metaSql, rawIdSql } from "./row-meta.ts";
import { refusedRows, ROW_NUMBER, ROWS } from "./rules.ts";
import { identifier, tableSql } from "./sql.ts";
import type { Target } from "./target.ts";

const OWN = `${RAW_ID}, ${EXTRACTED_AT}, ${META}, ${GENERATION_ID}`;

function columnList({ columns }: Pick<Target, "columns">): string {
  return [OWN, ...columns.map(({ name }) => identifier(name))].join(", ");
}

export interface SelectParts {
  /** Number of the row within the load; absent where nobody counts them. */
  readonly row?: string;
  /** Values of the columns, in the target's order. */
  readonly values: readonly string[];
  /** Columns that say it row by row; absent: one value for all. */
  readonly meta?: string | undefined;
  readonly extractedAt?: string | undefined;
  readonly from: string;
}

export type NumberedParts = SelectParts & { readonly row: string };

function selectList({ meta }: LoadRequest, parts: SelectParts): string {
  const own = [
    rawIdSql(meta, parts.row),
    parts.extractedAt ?? extractedAtSql(meta),
    parts.meta ?? metaSql(meta),
    `${meta.generation}::BIGINT`,
  ];
  return [...own, ...parts.values].join(", ");
}

export function insertSql(target: Target, request: LoadRequest, parts: SelectParts): string {
  const select = `SELECT ${selectList(request, parts)} FROM ${parts.from}`;
  return target.into?.(select) ?? `INSERT INTO ${tableSql(target.load)} (${columnList(target)}) ${select}`;
}

export function fromFeed(id: number): string {
  return `${FEED_FUNCTION}(${id})`;
}

/** A table like the final one for rows on trial, and the defaults that a row without the column would get. */
export function createTrial({ final, defaults }: Target): readonly string[] {
  return [
    `CREATE OR REPLACE TEMP TABLE ${ROWS} AS FROM ${tableSql(final)} LIMIT 0`,
    `ALTER TABLE ${ROWS} ADD COLUMN ${ROW_NUMBER} BIGINT`,
    ...defaults.map(
      ({ name, sql }) => `ALTER TABLE ${ROWS} ALTER COLUMN ${identifier(name)} SET DEFAULT ${sql}`,
    ),
  ];
}

export function insertTrial(target: Target, request: LoadRequest, parts: NumberedParts): string {
  return `INSERT INTO ${ROWS} (${columnList(target)}, ${ROW_NUMBER}) SELECT ${selectList(request, parts)}, ${parts.row} FROM ${parts.from}`;
}

export function dropRefused({ rules }: Target): string {
  return `DELETE FROM ${ROWS} WHERE ${ROW_NUMBER} IN (SELECT ${ROW_NUMBER} FROM (${refusedRows(rules)}))`;
}

/** Empties the trial table into the one that is loaded. */
export function insertTried(target: Target): readonly [insert: string, empty: string] {
  const columns = columnList(target);
  return [
    `INSERT INTO ${tableSql(target.load)} (${columns}) SELECT ${columns} FROM ${ROWS}`,
    `DELETE FROM ${ROWS}`,
  ];
}
