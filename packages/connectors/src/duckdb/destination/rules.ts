import type { FoundConstraint, FoundTable } from "./catalog.ts";
import { META_COLUMNS } from "./names.ts";
import { identifier, literal, tableSql, type TableName } from "./sql.ts";

/** A rule of the table as a query over a temporary table with the same columns can ask it. */
export interface RowRule {
  /** For the reject: `CHECK(total >= 0)`. */
  readonly text: string;
  /** SQL that is true for rows the table refuses; `rows` is the temporary table, `%` the table itself. */
  readonly refuses: string;
}

/** Number of a row within the temporary table. */
export const ROW_NUMBER = "_weir_row";

/** The temporary table. */
export const ROWS = "_weir_rows";

/**
 * A statement that a constraint refuses ends DuckDB's transaction, and there are no savepoints: so rows are asked before
 * they are written. `keys`: whether rows of the table count, as they do where rows go straight into it.
 */
export function rulesOf(found: FoundTable | undefined, keys: boolean): readonly RowRule[] {
  if (found === undefined) return [];
  const own = new Set<string>(META_COLUMNS);
  const rules = found.constraints.flatMap((constraint) => {
    if (constraint.kind === "NOT NULL" && constraint.columns.every((name) => own.has(name))) return [];
    return ruleOf(constraint, found.table, keys) ?? [];
  });
  if (!keys) return rules;
  const unique = found.indexes.flatMap(({ name, unique: expressions }) =>
    expressions === undefined ? [] : [uniqueRule(`unique index ${name}`, expressions, found.table)],
  );
  return [...rules, ...unique];
}

function ruleOf(constraint: FoundConstraint, table: TableName, keys: boolean): RowRule | undefined {
  const { kind, text, expression, columns, references } = constraint;
  const names = columns.map(identifier);
  switch (kind) {
    case "CHECK":
      return expression === null ? undefined : { text, refuses: `CAST(${expression} AS BOOLEAN) IS FALSE` };
    case "NOT NULL":
      return { text: `NOT NULL(${names.join(", ")})`, refuses: `${names[0]} IS NULL` };
    case "FOREIGN KEY":
      return references === undefined
        ? undefined
        : referenceRule(text, names, { ...table, name: references.table }, references.columns);
    default:
      return keys ? uniqueRule(text, names, table) : undefined;
  }
}

function referenceRule(
  text: string,
  names: readonly string[],
  other: TableName,
  columns: readonly string[],
): RowRule {
  const set = names.map((name) => `${name} IS NOT NULL`).join(" AND ");
  const keys = columns.map(identifier).join(", ");
  return {
    text,
    refuses: `(${set} AND (${names.join(", ")}) NOT IN (SELECT ${keys} FROM ${tableSql(other)}))`,
  };
}

/** Refuses what the table has already, and of equal rows among the new ones all but the first. NULLs differ. */
function uniqueRule(text: string, expressions: readonly string[], table: TableName): RowRule {
  const key = expressions.join(", ");
  const set = expressions.map((expression) => `(${expression}) IS NOT NULL`).join(" AND ");
  const first = `SELECT min(${ROW_NUMBER}) FROM ${ROWS} GROUP BY ${key}`;
  return {
    text,
    refuses: `(${set} AND ((${key}) IN (SELECT ${key} FROM ${tableSql(table)}) OR ${ROW_NUMBER} NOT IN (${first})))`,
  };
}

/** Query for the rows that are refused: number and the first rule that does it. */
export function refusedRows(rules: readonly RowRule[]): string {
  const cases = rules.map(({ text, refuses }) => `WHEN ${refuses} THEN ${literal(text)}`);
  return `SELECT * FROM (SELECT ${ROW_NUMBER}, CASE ${cases.join(" ")} END AS rule FROM ${ROWS}) WHERE rule IS NOT NULL ORDER BY ${ROW_NUMBER}`;
}
