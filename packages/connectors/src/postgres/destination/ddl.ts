import type { Field } from "@weir/protocol";
import type { ExistingTable } from "./catalog.ts";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID, type TableName } from "./names.ts";
import { identifier, literal, tableText } from "./sql.ts";
import { BIGINT, JSONB, type PgType, TIMESTAMPTZ, VARCHAR } from "./types.ts";
import { alterType, isOpenText, widen } from "./widen.ts";

export interface Wanted {
  readonly field: Field;
  readonly name: string;
  readonly type: PgType;
}

/** In the order of Airbyte's tables. */
export const META_COLUMNS: readonly {
  readonly name: string;
  readonly type: PgType;
  readonly former?: string;
}[] = [
  { name: RAW_ID, type: VARCHAR },
  { name: EXTRACTED_AT, type: TIMESTAMPTZ },
  // What rows get that were there before the column.
  { name: META, type: JSONB, former: `'{"sync_id":0,"changes":[]}'` },
  { name: GENERATION_ID, type: BIGINT, former: "0" },
];

export function createTable(table: TableName, columns: readonly Wanted[]): readonly string[] {
  const lines = [
    ...META_COLUMNS.map(({ name, type }) => `${identifier(name)} ${type.sql} NOT NULL`),
    ...columns.map(({ name, type }) => `${identifier(name)} ${type.sql}`),
  ];
  return [
    `CREATE TABLE ${tableText(table)} (${lines.join(", ")})`,
    ...columns.flatMap((column) => nameNote(table, column)),
  ];
}

/** Where a field's name could not be kept, the column says which field it is. */
function nameNote(table: TableName, { field, name }: Wanted): readonly string[] {
  if (field.name === name) return [];
  const said = literal(`Field ${JSON.stringify(field.name.toWellFormed())}`);
  return [`COMMENT ON COLUMN ${tableText(table)}.${identifier(name)} IS ${said}`];
}

export interface Evolution {
  /** The columns' types afterwards, in the order asked for. */
  readonly types: readonly PgType[];
  readonly statements: readonly string[];
  readonly notes: readonly string[];
}

/** Adds what is missing and widens what is too narrow, in one ALTER TABLE, so that a table is rewritten at most once. */
export function evolveTable(
  table: TableName,
  existing: ExistingTable,
  wanted: readonly Wanted[],
  stream: string,
): Evolution {
  const actions: string[] = [];
  const after: string[] = [];
  const notes: string[] = [];
  for (const { name, type, former } of META_COLUMNS) {
    const column = existing.columns.get(name);
    if (column === undefined) {
      actions.push(`ADD COLUMN ${identifier(name)} ${type.sql} NOT NULL DEFAULT ${former ?? "''"}`);
      after.push(`ALTER TABLE ${tableText(table)} ALTER COLUMN ${identifier(name)} DROP DEFAULT`);
    } else if (column.type.oid !== type.oid && !(isOpenText(type) && isOpenText(column.type))) {
      actions.push(alterType(name, { type, using: `%::${type.sql}` }));
    }
  }
  const types = wanted.map((want) => {
    const column = existing.columns.get(want.name);
    if (column === undefined) {
      actions.push(`ADD COLUMN ${identifier(want.name)} ${want.type.sql}`);
      after.push(...nameNote(table, want));
      notes.push(`${stream}: added column ${want.name} (${want.type.sql})`);
      return want.type;
    }
    const widening = widen(column.type, want.type);
    if (widening.using !== undefined) {
      actions.push(alterType(want.name, widening));
      notes.push(`${stream}: widened column ${want.name} from ${column.type.sql} to ${widening.type.sql}`);
    }
    return widening.type;
  });
  const statements =
    actions.length === 0 ? [] : [`ALTER TABLE ${tableText(table)} ${actions.join(", ")}`, ...after];
  return { types, statements, notes };
}

export function missingMeta(existing: ExistingTable): readonly string[] {
  return META_COLUMNS.map(({ name }) => name).filter((name) => !existing.columns.has(name));
}
