import type { BeginRequest, SchemaNote, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Catalog, FoundTable } from "./catalog.ts";
import { readCatalog } from "./catalog.ts";
import { addColumns, changeTypes, createTable, type DraftColumn } from "./ddl.ts";
import { forgetFinished } from "./finished.ts";
import { addCheckpoints, CREATE_LEDGER, nextEntry, takeFence } from "./ledger.ts";
import type { Link } from "./link.ts";
import { forgetKey, isKnownKeyed, type KeyedTables, readKeyed } from "./keyed.ts";
import {
  columnNames,
  GENERATION_ID,
  mergeStage,
  META_COLUMNS,
  RAW_ID,
  refuseCollisions,
  swapStage,
  tableName,
} from "./names.ts";
import { rulesOf } from "./rules.ts";
import { fold, identifier, tableSql, tableText, type TableName } from "./sql.ts";
import type { Ending, Target, TargetColumn } from "./target.ts";
import { sameType, typeOf, typeSql } from "./types.ts";
import { widen } from "./widen.ts";

export interface Begun {
  readonly targets: readonly Target[];
  readonly notes: readonly SchemaNote[];
}

interface Scene {
  readonly link: Link;
  readonly connection: string;
  readonly schema: string;
  readonly catalog: Catalog;
  readonly keyed: KeyedTables;
  readonly notes: SchemaNote[];
}

/** Takes the fence, makes or changes the tables and stores the checkpoints, within the caller's transaction. */
export async function begin(
  link: Link,
  { connection, schema }: { readonly connection: string; readonly schema: string },
  { token, streams, checkpoints }: BeginRequest,
): Promise<Begun> {
  refuseCollisions(streams, schema);
  await link.run(CREATE_LEDGER);
  await takeFence(link, connection, token);
  await addCheckpoints(link, { connection, token, entry: await nextEntry(link), checkpoints });
  if (streams.length === 0) return { targets: [], notes: [] };
  const [catalog, keyed] = [await readCatalog(link), await readKeyed(link)];
  const scene: Scene = { link, connection, schema, catalog, keyed, notes: [] };
  const schemas = new Set(streams.map((plan) => tableName(plan, schema).schema));
  for (const name of schemas) {
    if (!scene.catalog.hasSchema(name)) await link.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(name)}`);
  }
  const targets: Target[] = [];
  for (const plan of streams) targets.push(await beginStream(scene, plan));
  return { targets, notes: scene.notes };
}

async function beginStream(scene: Scene, plan: StreamPlan): Promise<Target> {
  const { catalog, connection, link } = scene;
  const final = tableName(plan, scene.schema);
  refuseForeign(plan, final, catalog);
  const found = catalog.table(final);
  const stages = [swapStage(connection, plan, final), mergeStage(connection, plan)] as const;
  const { load, ending } = placeOf(plan, final, stages, catalog);
  const staged = plan.fresh ? undefined : catalog.table(load);
  // A table that is replaced gives its columns their names, and none of the types it was widened to.
  const columns = columnsOf(plan, [found, staged], ending === "swap" ? [staged] : [found, staged]);
  const isKeyed = isKnownKeyed(scene.keyed, final, plan.primaryKey);
  const target: Target = {
    plan,
    final,
    load,
    ending,
    rowId: [found, { columns: new Set(columns.map(({ name }) => fold(name))) }].some((table) =>
      table?.columns.has("rowid"),
    )
      ? RAW_ID
      : "rowid",
    isKeyed,
    columns,
    rules: ending === "swap" ? [] : rulesOf(found, ending === "append"),
    defaults: [...(found?.columns.values() ?? [])].flatMap(({ name, default: sql }) =>
      sql === null ? [] : [{ name, sql }],
    ),
  };
  if (plan.fresh) await forgetFinished(link, connection, plan);
  if (isKeyed && !plan.mode.endsWith("_dedup")) await forgetKey(link, final);
  // What will replace the table leaves it as it is until it is complete.
  if (ending === "swap") scene.notes.push(...changesOf(final, columns, found).notes);
  else await makeTable(scene, target, found, staged);
  for (const other of stages) {
    const isStale = ending === "append" || other.name !== load.name;
    if (isStale && catalog.table(other) !== undefined) await link.run(`DROP TABLE ${tableSql(other)}`);
  }
  if (ending !== "append") await makeStage(scene, target, found);
  return target;
}

/**
 * Where rows are loaded and what becomes of them. Rows that an earlier attempt staged stay where they are, whatever has
 * become of the final table since.
 */
function placeOf(
  plan: StreamPlan,
  final: TableName,
  [beside, apart]: readonly [TableName, TableName],
  catalog: Catalog,
): { readonly load: TableName; readonly ending: Ending } {
  if (plan.mode === "append") return { load: final, ending: "append" };
  const found = catalog.table(final);
  const isMerge = plan.mode === "append_dedup";
  const canSwap = found === undefined || (!isMerge && !hasUsersRules(found));
  const staged = plan.fresh ? undefined : [beside, apart].find((stage) => catalog.table(stage) !== undefined);
  const load = staged ?? (canSwap ? beside : apart);
  return { load, ending: canSwap && load === beside ? "swap" : isMerge ? "merge" : "refill" };
}

/** Constraints, indexes and defaults of the user's would be lost with the table. */
function hasUsersRules({ constraints, indexes, columns }: FoundTable): boolean {
  const own = new Set<string>(META_COLUMNS);
  return (
    indexes.length > 0 ||
    constraints.some(
      ({ kind, columns: names }) => kind !== "NOT NULL" || !names.every((name) => own.has(name)),
    ) ||
    [...columns.values()].some((column) => column.default !== null)
  );
}

function refuseForeign(plan: StreamPlan, final: TableName, catalog: Catalog): void {
  const columns = catalog.table(final)?.columns;
  const isView = catalog.isView(final);
  if (!isView && (columns === undefined || META_COLUMNS.every((name) => columns.has(name)))) return;
  throw new WeirError({
    code: "destination.table_taken",
    message: `Stream ${plan.key} would be written to ${tableText(final)}, which is ${isView ? "a view" : "a table without Airbyte's columns"}.`,
    next: "Rename what is there, or give the stream another namespace or prefix.",
    recovery: "ask",
    origin: "destination",
    stream: plan.key,
  });
}

/** Each field's column with the type it has or will have, in the final table as in the staging table. */
function columnsOf(
  plan: StreamPlan,
  tables: readonly (FoundTable | undefined)[],
  kept: readonly (FoundTable | undefined)[],
): readonly TargetColumn[] {
  const spelled = tables.flatMap((table) => [...(table?.columns ?? [])]);
  const names = columnNames(plan.fields, new Map(spelled.map(([key, { name }]) => [key, name])));
  return plan.fields.map((field) => {
    let column: TargetColumn = {
      field,
      name: names.get(field.name) ?? field.name,
      type: typeOf(field, plan.nativeTypes),
    };
    for (const table of tables) {
      const existing = table?.columns.get(fold(column.name));
      if (existing === undefined) continue;
      if (existing.type === undefined) throw unwritable(plan, existing.name, existing.typeText);
      const type = kept.includes(table) ? widen(existing.type, column.type) : column.type;
      column = { field, name: existing.name, type };
    }
    return column;
  });
}

function unwritable(plan: StreamPlan, column: string, type: string): WeirError {
  return new WeirError({
    code: "destination.column_type",
    message: `Column ${column} of the table for stream ${plan.key} has type ${type}, which Weir does not write.`,
    next: "Rename or drop the column; Weir adds its own.",
    recovery: "ask",
    origin: "destination",
    stream: plan.key,
  });
}

/** What differs between the columns a table has and those it is to have, and how it is told. */
function changesOf(final: TableName, columns: readonly TargetColumn[], found: FoundTable | undefined) {
  const table = tableText(final);
  if (found === undefined) return { missing: [], widened: [], notes: [`${table}: created`] };
  const missing = columns.filter(({ name }) => !found.columns.has(fold(name)));
  const widened = columns.flatMap(({ name, type }) => {
    const from = found.columns.get(fold(name))?.type;
    return from === undefined || sameType(from, type) ? [] : [{ name, from, to: type }];
  });
  const respelled = columns.flatMap(({ field, name }) => {
    const isOther = field.name !== name && fold(field.name) === fold(name) && found.columns.has(fold(name));
    return isOther ? [{ field: field.name, name }] : [];
  });
  const notes = [
    ...respelled.map(
      ({ field, name }) =>
        `${table}: column ${name} takes field ${field}, whose name differs in case alone; for a column of its own, rename ${name}`,
    ),
    ...missing.map(({ name, type }) => `${table}: added column ${name} (${typeSql(type)})`),
    ...widened.map(
      ({ name, from, to }) => `${table}: column ${name} is ${typeSql(to)}, was ${typeSql(from)}`,
    ),
  ];
  return { missing, widened, notes };
}

/** Creates the final table, or gives it the columns and types of the target and of what is staged already. */
async function makeTable(
  { link, notes }: Scene,
  { final, columns }: Target,
  found: FoundTable | undefined,
  staged: FoundTable | undefined,
): Promise<void> {
  const changes = changesOf(final, columns, found);
  notes.push(...changes.notes);
  const taken = new Set([...(found?.columns.keys() ?? []), ...columns.map(({ name }) => fold(name))]);
  const rest = othersOf(staged, taken);
  if (found === undefined) return createTable(link, final, [...columns, ...rest]);
  await addColumns(link, final, [...changes.missing, ...rest]);
  await changeTypes(link, final, changes.widened);
}

/** Columns of a table beside Weir's own and those named, as they are. */
function othersOf(table: FoundTable | undefined, named: ReadonlySet<string>): readonly DraftColumn[] {
  const own = new Set<string>(META_COLUMNS);
  return [...(table?.columns ?? [])]
    .filter(([key]) => !own.has(key) && !named.has(key))
    .map(([, { name, typeText }]) => ({ name, type: { base: "OTHER", sql: typeText } as const }));
}

/** Makes the staging table, or keeps what an earlier attempt staged of this generation. */
async function makeStage(
  { link, catalog }: Scene,
  target: Target,
  found: FoundTable | undefined,
): Promise<void> {
  const { plan, load, ending, columns } = target;
  const staged = catalog.table(load);
  if (staged !== undefined && !plan.fresh) {
    const changes = changesOf(load, columns, staged);
    await addColumns(link, load, changes.missing);
    await changeTypes(link, load, changes.widened);
    await link.run(`DELETE FROM ${tableSql(load)} WHERE ${GENERATION_ID} <> ${plan.generation}`);
    return;
  }
  if (staged !== undefined) await link.run(`DROP TABLE ${tableSql(load)}`);
  await createTable(link, load, ending === "swap" ? replacement(columns, found) : columns);
}

/** The columns of a table that replaces another: in its order, and those the source no longer has stay, empty. */
function replacement(
  columns: readonly TargetColumn[],
  found: FoundTable | undefined,
): readonly DraftColumn[] {
  const byName = new Map(columns.map((column) => [fold(column.name), column]));
  const before = othersOf(found, new Set()).map((other) => byName.get(fold(other.name)) ?? other);
  return [...before, ...columns.filter(({ name }) => found?.columns.has(fold(name)) !== true)];
}
