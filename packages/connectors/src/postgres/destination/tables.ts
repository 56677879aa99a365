import type { Field, StreamPlan } from "@weir/protocol";
import type { CatalogView, ExistingTable } from "./catalog.ts";
import { createTable, evolveTable, META_COLUMNS, missingMeta, type Wanted } from "./ddl.ts";
import {
  columnNames,
  keyIndexName,
  stageHash,
  stageName,
  type TableName,
  tableName,
  WEIR_SCHEMA,
} from "./names.ts";
import { columnList, identifier, literal, tableText } from "./sql.ts";
import { type NativeTypes, type PgType, sameType, wantedType } from "./types.ts";
import { refuseUnsuitable, stageMissing } from "./unsuitable.ts";

/** Where a stream's rows go in this attempt. */
export interface Target {
  readonly plan: StreamPlan;
  /** The table readers see. */
  readonly final: TableName;
  /** The table parts are loaded into: a stage, or the final table for `append`. */
  readonly load: TableName;
  /** In the order of the plan's fields. */
  readonly columns: readonly TargetColumn[];
  /** Key columns; empty without a key. */
  readonly key: readonly string[];
  readonly cursor?: string | undefined;
}

export interface TargetColumn {
  readonly field: Field;
  readonly name: string;
  /** The type the column has in the table loaded into. */
  readonly type: PgType;
}

export interface Preparation {
  readonly target: Target;
  /** Makes and widens; to be run in one transaction. Empty when everything is as it should be. */
  readonly statements: readonly string[];
  /** Drops staged rows that must not be gone on from; to be run together with the checkpoints that say so. */
  readonly discards: readonly string[];
  /** A stage of the right shape, to be emptied in the same way if it has rows. */
  readonly stale?: TableName | undefined;
  readonly notes: readonly string[];
}

export interface PrepareInput {
  readonly plan: StreamPlan;
  readonly connection: string;
  readonly defaultSchema: string;
  readonly view: CatalogView;
  readonly natives: NativeTypes;
}

export function tablesOf(plan: StreamPlan, connection: string, defaultSchema: string): readonly TableName[] {
  return [tableName(plan, defaultSchema), { schema: WEIR_SCHEMA, name: stageName(connection, plan) }];
}

/** What must be done so that the stream can be loaded. Reads nothing but what was looked up. */
export function prepare(input: PrepareInput): Preparation {
  const { plan, view, natives } = input;
  const [final = tableName(plan, input.defaultSchema)] = tablesOf(
    plan,
    input.connection,
    input.defaultSchema,
  );
  const names = columnNames(plan);
  const columnOf = (field: string): string => names.get(field) ?? field;
  const wanted = plan.fields.map((field): Wanted => ({
    field,
    name: columnOf(field.name),
    type: wantedType(plan, field, natives),
  }));
  const key = plan.primaryKey.map(columnOf);
  const cursor = plan.cursor === undefined ? undefined : columnOf(plan.cursor);
  const target = (load: TableName, columns: readonly TargetColumn[]): Target => ({
    plan,
    final,
    load,
    columns,
    key,
    cursor,
  });
  const existing = view.table(final);
  if (existing !== undefined) refuseUnsuitable({ plan, final, existing, names: [...names.values()] });
  if (plan.mode === "overwrite" || plan.mode === "overwrite_dedup") {
    const stage = prepareStage(input, wanted, existing);
    return { ...stage, target: target(stage.table, stage.columns) };
  }
  const shown = prepareFinal(input, final, wanted, existing);
  if (plan.mode === "append") return { ...shown, discards: [], target: target(final, shown.columns) };
  const index = keyIndex(final, key, existing);
  const stage = prepareStage(input, shown.columns, existing);
  return {
    target: target(stage.table, shown.columns),
    statements: [...shown.statements, ...index, ...stage.statements],
    discards: stage.discards,
    stale: stage.stale,
    notes: [...shown.notes, ...stage.notes],
  };
}

interface Prepared {
  readonly columns: readonly TargetColumn[];
  readonly statements: readonly string[];
  readonly notes: readonly string[];
}

function prepareFinal(
  { plan, view }: PrepareInput,
  final: TableName,
  wanted: readonly Wanted[],
  existing: ExistingTable | undefined,
): Prepared {
  if (existing !== undefined) {
    const evolved = evolveTable(final, existing, wanted, plan.key);
    return {
      ...evolved,
      columns: wanted.map((column, at) => ({ ...column, type: evolved.types[at] ?? column.type })),
    };
  }
  const schema = view.schemas.has(final.schema)
    ? []
    : [`CREATE SCHEMA IF NOT EXISTS ${identifier(final.schema)}`];
  return {
    columns: wanted,
    statements: [...schema, ...createTable(final, wanted)],
    notes: [`${plan.key}: created table ${final.schema}.${final.name}`],
  };
}

/**
 * An index on the key columns, for merging, unless some index already begins with one of them. Not unique: NULL is
 * allowed in keys here, and a unique index would refuse rows that the merge puts in order.
 */
function keyIndex(
  final: TableName,
  key: readonly string[],
  existing: ExistingTable | undefined,
): readonly string[] {
  const [first] = key;
  const helped = existing?.indexes.some(({ columns }) => key.includes(columns[0] ?? ""));
  if (first === undefined || helped === true) return [];
  return [`CREATE INDEX ${identifier(keyIndexName(final, key))} ON ${tableText(final)} (${columnList(key)})`];
}

interface Stage extends Prepared {
  readonly table: TableName;
  readonly discards: readonly string[];
  readonly stale?: TableName | undefined;
}

function prepareStage(
  { plan, connection, view }: PrepareInput,
  wanted: readonly Wanted[],
  final: ExistingTable | undefined,
): Stage {
  const table = { schema: WEIR_SCHEMA, name: stageName(connection, plan) };
  const hash = stageHash(connection, plan.key);
  const others = [...view.stages].filter(([name, of]) => of === hash && name !== table.name);
  const discards = others.map(([name]) => drop({ schema: WEIR_SCHEMA, name }));
  const existing = view.table(table);
  if (!plan.fresh) {
    if (existing === undefined) throw stageMissing(plan);
    const evolved = evolveTable(table, existing, wanted, plan.key);
    const columns = wanted.map((column, at) => ({ ...column, type: evolved.types[at] ?? column.type }));
    // The final table's notes say the same.
    const notes = plan.mode === "append_dedup" ? [] : evolved.notes;
    return { table, columns, statements: evolved.statements, discards, notes };
  }
  const made = { table, columns: wanted, notes: [] };
  if (existing !== undefined && isAsWanted(existing, wanted, final)) {
    return { ...made, statements: [], discards, stale: table };
  }
  const comment = `Rows of stream ${plan.key.replaceAll("\0", "")} that are not yet shown, kept by Weir.`;
  const create = [
    ...createTable(table, wanted),
    ...constraintsLike(final, table, wanted),
    `COMMENT ON TABLE ${tableText(table)} IS ${literal(comment)}`,
  ];
  if (existing === undefined) return { ...made, statements: create, discards };
  return { ...made, statements: [], discards: [...discards, drop(table), ...create] };
}

function drop(table: TableName): string {
  return `DROP TABLE IF EXISTS ${tableText(table)}`;
}

function isAsWanted(
  existing: ExistingTable,
  wanted: readonly Wanted[],
  final: ExistingTable | undefined,
): boolean {
  const { columns, checks } = existing;
  const demands = demandsOf(final, wanted);
  const same = wanted.every(({ name, type }) => {
    const column = columns.get(name);
    return column?.required === demands.required.has(name) && sameType(column.type, type);
  });
  const counts = missingMeta(existing).length === 0 && columns.size === wanted.length + META_COLUMNS.length;
  return same && counts && new Set(checks).symmetricDifference(new Set(demands.checks)).size === 0;
}

interface Demands {
  readonly required: ReadonlySet<string>;
  readonly checks: readonly string[];
}

/**
 * CHECK and NOT NULL of the user's table hold for its stage too, so that a row they refuse is set aside when it is
 * loaded and not found at the end, when the sync could only fail. A check may name any column; it is taken over where the
 * stage has them all, of the same types.
 */
function demandsOf(final: ExistingTable | undefined, wanted: readonly Wanted[]): Demands {
  if (final === undefined) return { required: new Set(), checks: [] };
  const types = new Map([...META_COLUMNS, ...wanted].map(({ name, type }) => [name, type]));
  const whole = [...final.columns].every(([name, column]) => {
    const type = types.get(name);
    return type !== undefined && sameType(type, column.type);
  });
  const required = wanted
    .map(({ name }) => name)
    .filter((name) => final.columns.get(name)?.required === true);
  return { required: new Set(required), checks: whole ? final.checks : [] };
}

function constraintsLike(
  final: ExistingTable | undefined,
  stage: TableName,
  wanted: readonly Wanted[],
): readonly string[] {
  const { required, checks } = demandsOf(final, wanted);
  const actions = [
    ...[...required].map((name) => `ALTER COLUMN ${identifier(name)} SET NOT NULL`),
    ...checks.map((check) => `ADD ${check}`),
  ];
  return actions.length === 0 ? [] : [`ALTER TABLE ${tableText(stage)} ${actions.join(", ")}`];
}
