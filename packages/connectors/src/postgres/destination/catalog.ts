import type { Session } from "../connection.ts";
import { STAGE_HASH_PATTERN, type TableName, WEIR_SCHEMA } from "./names.ts";
import { textArray } from "./sql.ts";
import { modifiersOf, type PgType } from "./types.ts";

/** A table as the server's catalog has it. */
export interface ExistingTable {
  readonly oid: string;
  /** pg_class.relkind: `r` table, `p` partitioned table, `v` view and so on. */
  readonly kind: string;
  /** Row security applies to this user. */
  readonly secured: boolean;
  readonly columns: ReadonlyMap<string, ExistingColumn>;
  readonly indexes: readonly ExistingIndex[];
  /** CHECK constraints as SQL: `CHECK ((total > 0))`. */
  readonly checks: readonly string[];
  /** Foreign keys of other tables that point here; `action` is pg_constraint.confdeltype. */
  readonly referrers: readonly { readonly table: string; readonly action: string }[];
}

export interface ExistingColumn {
  readonly type: PgType;
  readonly required: boolean;
  /** Has a default, an identity or a generation expression, so that rows need not give it. */
  readonly filled: boolean;
  /** Rows may not give it: GENERATED ALWAYS. */
  readonly generated: boolean;
}

export interface ExistingIndex {
  readonly name: string;
  readonly columns: readonly (string | null)[];
}

export interface CatalogView {
  readonly schemas: ReadonlySet<string>;
  table(name: TableName): ExistingTable | undefined;
  /** Tables of staged rows, by name, with the hash in their names. */
  readonly stages: ReadonlyMap<string, string>;
}

/** One row for each asked-for table and column, one for a table without columns, one for a schema without the table. */
const LOOK = `
SELECT asked.schema, asked.name, space.oid IS NOT NULL AS has_schema, class.oid, class.relkind::text AS kind,
  class.relkind IN ('r', 'p') AND row_security_active(class.oid) AS secured,
  a.attname::text AS column, a.atttypid AS type_oid, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
  (a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '') AS filled,
  (a.attidentity = 'a' OR a.attgenerated <> '') AS generated,
  CASE WHEN a.attnum = first.attnum OR first.attnum IS NULL THEN (
    SELECT json_agg(json_build_object('name', i.relname, 'columns', (
      SELECT json_agg(k.attname ORDER BY p.place)
      FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS p (num, place)
      LEFT JOIN pg_catalog.pg_attribute AS k ON k.attrelid = x.indrelid AND k.attnum = p.num)))
    FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indrelid = class.oid AND x.indisvalid AND x.indpred IS NULL
  ) END AS indexes,
  CASE WHEN a.attnum = first.attnum OR first.attnum IS NULL THEN (
    SELECT json_agg(pg_get_constraintdef(c.oid)) FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = class.oid AND c.contype = 'c'
  ) END AS checks,
  CASE WHEN a.attnum = first.attnum OR first.attnum IS NULL THEN (
    SELECT json_agg(json_build_object('table', c.conrelid::regclass::text, 'action', c.confdeltype::text))
    FROM pg_catalog.pg_constraint AS c
    WHERE c.confrelid = class.oid AND c.conrelid <> class.oid AND c.contype = 'f'
  ) END AS referrers
FROM unnest($1::text[], $2::text[]) AS asked (schema, name)
LEFT JOIN pg_catalog.pg_namespace AS space ON space.nspname = asked.schema
LEFT JOIN pg_catalog.pg_class AS class ON class.relnamespace = space.oid AND class.relname = asked.name
LEFT JOIN LATERAL (
  SELECT min(attnum) AS attnum FROM pg_catalog.pg_attribute
  WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped
) AS first ON true
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = class.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT '${WEIR_SCHEMA}', relname, true, NULL, 'stage', false, substring(relname FROM '${STAGE_HASH_PATTERN}'),
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_catalog.pg_class
WHERE relnamespace = to_regnamespace('${WEIR_SCHEMA}') AND relkind = 'r'
  AND substring(relname FROM '${STAGE_HASH_PATTERN}') = ANY ($3::text[])`;

type Row = Record<
  | "schema"
  | "name"
  | "has_schema"
  | "oid"
  | "kind"
  | "secured"
  | "column"
  | "type_oid"
  | "type"
  | "required"
  | "filled"
  | "generated"
  | "indexes"
  | "checks"
  | "referrers",
  string | null
>;

/** What there is of the given tables, and all stages with one of the hashes. One round trip. */
export async function lookAt(
  session: Session,
  tables: readonly TableName[],
  stageHashes: readonly string[],
): Promise<CatalogView> {
  const rows = await session.query<Row>(LOOK, [
    textArray(tables.map(({ schema }) => schema)),
    textArray(tables.map(({ name }) => name)),
    textArray(stageHashes),
  ]);
  const schemas = new Set<string>();
  const stages = new Map<string, string>();
  const found = new Map<string, ExistingTable>();
  const columns = new Map<string, Map<string, ExistingColumn>>();
  for (const row of rows) {
    if (row.kind === "stage") {
      stages.set(row.name ?? "", row.column ?? "");
      continue;
    }
    if (row.has_schema === "t") schemas.add(row.schema ?? "");
    if (row.oid === null) continue;
    const id = tableId({ schema: row.schema ?? "", name: row.name ?? "" });
    const own = columns.get(id) ?? new Map<string, ExistingColumn>();
    if (row.column !== null) own.set(row.column, columnOf(row));
    columns.set(id, own);
    // Columns come in no order; one row of the table carries its indexes and constraints.
    const known = found.get(id) ?? {
      oid: row.oid,
      kind: row.kind ?? "",
      secured: row.secured === "t",
      columns: own,
      ...NO_LISTS,
    };
    found.set(id, { ...known, ...lists(row) });
  }
  return { schemas, stages, table: (name) => found.get(tableId(name)) };
}

function tableId({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}

const NO_LISTS = { indexes: [], checks: [], referrers: [] };

function lists(row: Row): Partial<ExistingTable> {
  const given = (["indexes", "checks", "referrers"] as const).flatMap((list) => {
    const text = row[list];
    return text === null ? [] : [[list, JSON.parse(text) as unknown] as const];
  });
  return Object.fromEntries(given);
}

function columnOf(row: Row): ExistingColumn {
  const sql = row.type ?? "";
  return {
    type: { oid: Number(row.type_oid), modifiers: modifiersOf(sql), sql },
    required: row.required === "t",
    filled: row.filled === "t",
    generated: row.generated === "t",
  };
}
