import type { Link } from "./link.ts";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID } from "./names.ts";
import { identifier, tableSql, type TableName } from "./sql.ts";
import type { ColumnType } from "./types.ts";
import { typeSql } from "./types.ts";
import { converted } from "./widen.ts";

/** A column to make. One kept from a table that is being replaced may have a type Weir does not write. */
export interface DraftColumn {
  readonly name: string;
  readonly type: ColumnType | { readonly base: "OTHER"; readonly sql: string };
}

function columnSql({ name, type }: DraftColumn): string {
  return `${identifier(name)} ${type.base === "OTHER" ? type.sql : typeSql(type)}`;
}

/** Airbyte's direct-load layout. */
export async function createTable(
  link: Link,
  table: TableName,
  columns: readonly DraftColumn[],
): Promise<void> {
  const own = [
    `${RAW_ID} VARCHAR NOT NULL`,
    `${EXTRACTED_AT} TIMESTAMPTZ NOT NULL`,
    `${META} JSON NOT NULL`,
    `${GENERATION_ID} BIGINT NOT NULL`,
  ];
  await link.run(`CREATE TABLE ${tableSql(table)} (${[...own, ...columns.map(columnSql)].join(", ")})`);
}

export async function addColumns(
  link: Link,
  table: TableName,
  columns: readonly DraftColumn[],
): Promise<void> {
  for (const column of columns)
    await link.run(`ALTER TABLE ${tableSql(table)} ADD COLUMN ${columnSql(column)}`);
}

export interface TypeChange {
  readonly name: string;
  readonly from: ColumnType;
  readonly to: ColumnType;
}

export async function changeTypes(
  link: Link,
  table: TableName,
  changes: readonly TypeChange[],
): Promise<void> {
  for (const { name, from, to } of changes) {
    const type = `${identifier(name)} SET DATA TYPE ${typeSql(to)}`;
    await link.run(`ALTER TABLE ${tableSql(table)} ALTER COLUMN ${type} USING ${converted(name, from, to)}`);
  }
}
