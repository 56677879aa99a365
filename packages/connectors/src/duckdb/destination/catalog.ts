import type { Link } from "./link.ts";
import { fold, tableKey, type TableName } from "./sql.ts";
import { type ColumnType, parseType } from "./types.ts";

export interface FoundColumn {
  readonly name: string;
  /** As DuckDB spells it. */
  readonly typeText: string;
  /** Undefined: a type Weir does not write. */
  readonly type: ColumnType | undefined;
  readonly default: string | null;
}

/** A rule of the user's that may refuse rows. */
export interface FoundConstraint {
  readonly kind: "CHECK" | "NOT NULL" | "UNIQUE" | "PRIMARY KEY" | "FOREIGN KEY";
  readonly text: string;
  /** Of a CHECK. */
  readonly expression: string | null;
  readonly columns: readonly string[];
  readonly references: { readonly table: string; readonly columns: readonly string[] } | undefined;
}

export interface FoundTable {
  readonly table: TableName;
  /** By folded name, in order. */
  readonly columns: ReadonlyMap<string, FoundColumn>;
  readonly constraints: readonly FoundConstraint[];
  /** Indexes made by CREATE INDEX; of the unique ones the indexed expressions. */
  readonly indexes: readonly { readonly name: string; readonly unique: readonly string[] | undefined }[];
}

/** The file's tables and views as they are now. */
export interface Catalog {
  table(name: TableName): FoundTable | undefined;
  isView(name: TableName): boolean;
  hasSchema(schema: string): boolean;
}

const OURS = "database_name = current_database()";
const COLUMNS = `SELECT schema_name, table_name, column_name, data_type, column_default FROM duckdb_columns()
  WHERE ${OURS} AND NOT internal ORDER BY table_oid, column_index`;
const CONSTRAINTS = `SELECT schema_name, table_name, constraint_type, constraint_text, expression,
  to_json(constraint_column_names)::VARCHAR, referenced_table, to_json(referenced_column_names)::VARCHAR
  FROM duckdb_constraints() WHERE ${OURS}`;
const INDEXES = `SELECT schema_name, table_name, index_name, is_unique, expressions FROM duckdb_indexes() WHERE ${OURS}`;
const VIEWS = `SELECT schema_name, view_name FROM duckdb_views() WHERE ${OURS} AND NOT internal`;
const SCHEMAS = `SELECT schema_name FROM duckdb_schemas() WHERE ${OURS}`;

interface Draft {
  readonly table: TableName;
  readonly columns: Map<string, FoundColumn>;
  readonly constraints: FoundConstraint[];
  readonly indexes: { readonly name: string; readonly unique: readonly string[] | undefined }[];
}

export async function readCatalog(link: Link): Promise<Catalog> {
  const tables = new Map<string, Draft>();
  const draftOf = (schema: unknown, name: unknown): Draft => {
    const table = { schema: String(schema), name: String(name) };
    const draft = tables.get(tableKey(table)) ?? { table, columns: new Map(), constraints: [], indexes: [] };
    tables.set(tableKey(table), draft);
    return draft;
  };
  for (const [schema, table, column, typeText, given] of await link.rows(COLUMNS)) {
    const name = String(column);
    draftOf(schema, table).columns.set(fold(name), {
      name,
      typeText: String(typeText),
      type: parseType(String(typeText)),
      default: typeof given === "string" ? given : null,
    });
  }
  for (const row of await link.rows(CONSTRAINTS))
    draftOf(row[0], row[1]).constraints.push(constraintOf(row.slice(2)));
  for (const [schema, table, name, unique, expressions] of await link.rows(INDEXES)) {
    const indexed = unique === true ? expressionsOf(String(expressions)) : undefined;
    draftOf(schema, table).indexes.push({ name: String(name), unique: indexed });
  }
  const keyOf = ([schema, name]: readonly unknown[]): string =>
    tableKey({ schema: String(schema), name: String(name) });
  const views = new Set((await link.rows(VIEWS)).map(keyOf));
  const schemas = new Set((await link.rows(SCHEMAS)).map(([schema]) => fold(String(schema))));
  return {
    table: (name) => tables.get(tableKey(name)),
    isView: (name) => views.has(tableKey(name)),
    hasSchema: (schema) => schemas.has(fold(schema)),
  };
}

function constraintOf([
  kind,
  text,
  expression,
  columns,
  table,
  referenced,
]: readonly unknown[]): FoundConstraint {
  return {
    kind: String(kind) as FoundConstraint["kind"],
    text: String(text),
    expression: typeof expression === "string" ? expression : null,
    columns: namesOf(columns),
    references: typeof table === "string" ? { table, columns: namesOf(referenced) } : undefined,
  };
}

function namesOf(json: unknown): readonly string[] {
  return typeof json === "string" ? (JSON.parse(json) as readonly string[]) : [];
}

/** DuckDB writes a list of quoted texts: `['(lower(b))', a]`. */
function expressionsOf(text: string): readonly string[] {
  const items = text.slice(1, -1).match(/'(?:[^'\\]|\\.|'')*'|[^,\s][^,]*/g) ?? [];
  return items.map((item) =>
    item.startsWith("'") ? item.slice(1, -1).replaceAll("''", "'").replaceAll("\\'", "'") : item.trim(),
  );
}
