import { createHash } from "node:crypto";
import type { Field, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { fold, tableKey, tableText, type TableName } from "./sql.ts";

/** Where Weir keeps what is its own. */
export const WEIR_SCHEMA = "_weir";

export const RAW_ID = "_airbyte_raw_id";
export const EXTRACTED_AT = "_airbyte_extracted_at";
export const META = "_airbyte_meta";
export const GENERATION_ID = "_airbyte_generation_id";
export const META_COLUMNS = [RAW_ID, EXTRACTED_AT, META, GENERATION_ID] as const;

/** A field of this name with a value says that the source deleted the row. */
export const DELETED_AT_FIELD = "_ab_cdc_deleted_at";

function hash(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

/** What DuckDB takes as a name: not empty, no NUL. */
function storable(name: string): string {
  const clean = name.replaceAll("\0", "").toWellFormed();
  return clean === name && clean !== "" ? name : suffixed(clean, name);
}

/** The same for one name whatever other names there are. */
function suffixed(clean: string, name: string): string {
  return `${clean}_${hash(name, 8)}`;
}

/**
 * The column of each field, by the field's name. Of fields that fold to one name the one spelled as the table's column
 * has it, else the first in code unit order, unless the table already has the other form of that field; the others, and those named like Weir's own columns, have
 * eight digits of their name's hash added.
 */
export function columnNames(
  fields: readonly Field[],
  /** Columns the table has: how they are spelled, by folded name. */
  existing: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const taken = new Set<string>(META_COLUMNS);
  const columns = new Map<string, string>();
  const names = fields.map((field) => field.name).toSorted();
  const isSpelled = (name: string): boolean => existing.get(fold(storable(name))) === storable(name);
  for (const name of [...names.filter(isSpelled), ...names.filter((other) => !isSpelled(other))]) {
    const plain = storable(name);
    const other = suffixed(plain, name);
    const column = taken.has(fold(plain)) || existing.has(fold(other)) ? other : plain;
    taken.add(fold(column));
    columns.set(name, column);
  }
  return columns;
}

export function tableName({ table, key }: StreamPlan, defaultSchema: string): TableName {
  const { namespace, name } = table;
  const schema = namespace === undefined || namespace === "" ? defaultSchema : namespace;
  if (fold(schema) !== WEIR_SCHEMA) return { schema: storable(schema), name: storable(name) };
  throw new WeirError({
    code: "destination.schema_reserved",
    message: `Stream ${key} would be written into schema ${WEIR_SCHEMA}, which holds Weir's own tables.`,
    next: "Choose another namespace for the stream.",
    recovery: "ask",
    origin: "destination",
    stream: key,
  });
}

export function refuseCollisions(streams: readonly StreamPlan[], defaultSchema: string): void {
  const owners = new Map<string, string>();
  for (const plan of streams) {
    const table = tableName(plan, defaultSchema);
    const other = owners.get(tableKey(table));
    if (other !== undefined && other !== plan.key) {
      throw new WeirError({
        code: "destination.names_collide",
        message: `Streams ${other} and ${plan.key} would both be written to table ${tableText(table)}; DuckDB ignores case in names.`,
        next: "Give one of them another namespace or prefix.",
        recovery: "ask",
        origin: "destination",
      });
    }
    owners.set(tableKey(table), plan.key);
  }
}

/** Rows to be merged wait in Weir's schema. */
export function mergeStage(connection: string, plan: StreamPlan): TableName {
  return { schema: WEIR_SCHEMA, name: `staging_${stageHash(connection, plan)}` };
}

/**
 * Rows to replace a table wait beside it: DuckDB cannot move a table into another schema, and a copy of 2 million rows
 * of 20 columns takes 2 seconds where a rename takes none.
 */
export function swapStage(connection: string, plan: StreamPlan, table: TableName): TableName {
  return { schema: table.schema, name: `_weir_staging_${stageHash(connection, plan)}` };
}

function stageHash(connection: string, { key }: StreamPlan): string {
  return hash(`${connection}\0${key}`, 16);
}
