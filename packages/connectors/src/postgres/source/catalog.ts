import type { Session } from "../connection.ts";
import { literal, qualified } from "../quote.ts";

/** `table` has blocks of its own; `partitioned` only those of its partitions; the others are read as one query. */
export type RelationKind = "table" | "partitioned" | "materialized view" | "view" | "foreign table";

/** A table, view and so on, as the server's catalog describes it to this user. */
export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** Only columns this user may read, in the table's order; without the four of a table that a sync loads. */
  readonly columns: readonly SourceColumn[];
  /** A sync of Weir or Airbyte loads this table: it has all of their own columns. */
  readonly loaded: boolean;
  /** Empty where there is none, or where this user may not read all of it. */
  readonly primaryKey: readonly string[];
  /** Row security hides rows from this user. */
  readonly filtered: boolean;
}

export interface SourceColumn {
  readonly name: string;
  /** Its type with every domain resolved. */
  readonly type: ColumnType;
}

export interface ColumnType {
  /** `int4` for the server's own types, `"schema"."name"` for all others; arrays as `_int4`. */
  readonly base: string;
  /** As SQL says it, with its modifier: `numeric(10,2)`. */
  readonly full: string;
  /** atttypmod; -1 where there is no modifier. */
  readonly modifier: number;
  /** typtype: `b`ase, `c`omposite, `e`num, `r`ange, `m`ultirange, `p`seudo. */
  readonly sort: string;
  /** Base of the element type for arrays. */
  readonly element?: string | undefined;
  /** `::text` calls a function of its own, which may differ from the type's output. */
  readonly ownTextCast: boolean;
}

/** Which relations to describe: all readable ones of some schemas (empty: of all but the system's), or these by name. */
export type Wanted =
  | { readonly schemas: readonly string[] }
  | { readonly names: readonly { readonly schema: string; readonly name: string }[] };

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: "table",
  p: "partitioned",
  m: "materialized view",
  v: "view",
  f: "foreign table",
};

type Row<Names extends string> = Readonly<Record<Names, string | null>>;

/** Three queries, however many relations there are. 10,000 tables of 10 columns take about 2 seconds. */
export async function describeRelations(session: Session, wanted: Wanted): Promise<readonly Relation[]> {
  const relations = await session.query<Row<"oid" | "schema" | "name" | "kind" | "filtered">>(
    relationsQuery(wanted),
  );
  const oids = `'{${relations.map(({ oid }) => oid).join(",")}}'::pg_catalog.oid[]`;
  const columns = await session.query<Row<"oid" | "columns">>(columnsQuery(oids));
  const keys = await session.query<Row<"oid" | "key">>(keysQuery(oids));
  const columnsOf = new Map(
    columns.map((row) => [row.oid, (JSON.parse(row.columns ?? "[]") as ColumnRow[]).map(toColumn)]),
  );
  const keyOf = new Map(keys.map(({ oid, key }) => [oid, JSON.parse(key ?? "[]") as readonly string[]]));
  return relations.map((row) => {
    const { columns: readable, loaded } = withoutMeta(columnsOf.get(row.oid) ?? []);
    const names = new Set(readable.map(({ name }) => name));
    const key = keyOf.get(row.oid) ?? [];
    return {
      oid: row.oid ?? "",
      schema: row.schema ?? "",
      name: row.name ?? "",
      kind: KINDS[row.kind ?? ""] ?? "view",
      columns: readable,
      loaded,
      primaryKey: key.every((name) => names.has(name)) ? key : [],
      filtered: row.filtered === "t",
    };
  });
}

/** A table with one or two of these names has them by its owner's choice, and they are read as any other column. */
const META = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"];

/** What a sync wrote beside the rows tells of that sync; the next destination writes its own. */
function withoutMeta(columns: readonly SourceColumn[]): Pick<Relation, "columns" | "loaded"> {
  const names = new Set(columns.map(({ name }) => name));
  if (!META.every((name) => names.has(name))) return { columns, loaded: false };
  return { columns: columns.filter(({ name }) => !META.includes(name)), loaded: true };
}

/** How many relations this user can read. */
export async function countRelations(session: Session, wanted: Wanted): Promise<number> {
  const [row] = await session.query<{ count: string }>(
    `SELECT count(*) AS count FROM (${relationsQuery(wanted)}) AS readable`,
  );
  return Number(row?.count);
}

function relationsQuery(wanted: Wanted): string {
  return `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
       c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS filtered
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relpersistence <> 't' AND ${condition(wanted)}
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;
}

/** `_weir` is where Weir keeps its own tables when the same database is a destination. */
function condition(wanted: Wanted): string {
  if ("names" in wanted) {
    const pairs = wanted.names.map(({ schema, name }) => `(${literal(schema)}, ${literal(name)})`);
    return pairs.length === 0 ? "false" : `(n.nspname, c.relname) IN (${pairs.join(", ")})`;
  }
  const schemas = wanted.schemas.map(literal);
  const choice =
    schemas.length === 0
      ? "n.nspname NOT IN ('information_schema', '_weir') AND n.nspname !~ '^pg_'"
      : `n.nspname IN (${schemas.join(", ")})`;
  return `NOT c.relispartition AND ${choice}`;
}

interface ColumnRow {
  readonly name: string;
  readonly modifier: number;
  readonly full: string;
  readonly own: boolean;
  readonly schema: string;
  readonly type: string;
  readonly sort: string;
  readonly cast: boolean;
  readonly element: { readonly own: boolean; readonly schema: string; readonly type: string } | null;
}

/** A chain of domains ends at its base type; the last link names the modifier. */
function columnsQuery(oids: string): string {
  return `WITH RECURSIVE readable AS (
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = ANY (${oids}) AND a.attnum > 0 AND NOT a.attisdropped
     AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')),
links (used, type, modifier, depth) AS (
  SELECT DISTINCT atttypid, atttypid, NULL::int4, 0 FROM readable
  UNION ALL
  SELECT l.used, t.typbasetype, t.typtypmod, l.depth + 1
    FROM links l JOIN pg_catalog.pg_type t ON t.oid = l.type AND t.typtype = 'd'),
based AS (SELECT DISTINCT ON (used) used, type, modifier FROM links ORDER BY used, depth DESC),
types AS (
  SELECT b.used, b.type, b.modifier, t.oid < 16384 AS own, n.nspname AS schema, t.typname AS name, t.typtype AS sort,
         EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid AND k.casttarget = 25
                    AND k.castmethod = 'f') AS "cast",
         CASE WHEN t.typcategory = 'A' THEN (
           SELECT pg_catalog.json_build_object('own', e.oid < 16384, 'schema', en.nspname, 'type', e.typname)
             FROM pg_catalog.pg_type e JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
            WHERE e.oid = t.typelem) END AS element
    FROM based b JOIN pg_catalog.pg_type t ON t.oid = b.type
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace)
SELECT r.attrelid AS oid, pg_catalog.json_agg(pg_catalog.json_build_object(
         'name', r.attname, 'modifier', coalesce(t.modifier, r.atttypmod),
         'full', pg_catalog.format_type(t.type, coalesce(t.modifier, r.atttypmod)), 'own', t.own,
         'schema', t.schema, 'type', t.name, 'sort', t.sort, 'cast', t."cast", 'element', t.element) ORDER BY r.attnum) AS columns
  FROM readable r JOIN types t ON t.used = r.atttypid GROUP BY r.attrelid`;
}

function keysQuery(oids: string): string {
  return `SELECT i.indrelid AS oid, pg_catalog.json_agg(a.attname ORDER BY k.position) AS key
  FROM pg_catalog.pg_index i
 CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (number, position)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
 WHERE i.indisprimary AND i.indisvalid AND k.position <= i.indnkeyatts AND i.indrelid = ANY (${oids}) GROUP BY i.indrelid`;
}

function toColumn(row: ColumnRow): SourceColumn {
  const base = (type: { readonly own: boolean; readonly schema: string; readonly type: string }): string =>
    type.own && type.schema === "pg_catalog" ? type.type : qualified(type.type, type.schema);
  return {
    name: row.name,
    type: {
      base: base(row),
      full: row.full,
      modifier: row.modifier,
      sort: row.sort,
      ...(row.element === null ? {} : { element: base(row.element) }),
      ownTextCast: row.cast,
    },
  };
}

/** The relation as a query names it. */
export function nameOf(relation: { readonly schema: string; readonly name: string }): string {
  return qualified(relation.name, relation.schema);
}

/** The column by name; undefined when it is gone. */
export function columnOf(relation: Relation, name: string): SourceColumn | undefined {
  return relation.columns.find((column) => column.name === name);
}
