import { identifier } from "./sql.ts";
import type { ColumnType, PlainType } from "./types.ts";
import { MAX_PRECISION, sameType, typeSql } from "./types.ts";

/** Digits before the point, for the exact numbers. HUGEINT holds any 38 digits. */
const WHOLE_DIGITS: Partial<Readonly<Record<PlainType, number>>> = {
  SMALLINT: 5,
  INTEGER: 10,
  BIGINT: 19,
  HUGEINT: 39,
};

/** Chains in which each type holds every value of those before it. */
const CHAINS: readonly (readonly PlainType[])[] = [
  ["SMALLINT", "INTEGER", "BIGINT", "HUGEINT"],
  ["FLOAT", "DOUBLE"],
  ["DATE", "TIMESTAMP", "TIMESTAMPTZ"],
  ["TIME", "TIMETZ"],
];

/**
 * The narrowest type for what a column has and what is to come. VARCHAR and JSON columns stay, they take anything;
 * dates and times without a zone become UTC; what else has no type in common meets in JSON where JSON is to come, or
 * in VARCHAR. Decimals that need more than 38 digits keep what the column has, and misfits are marked row by row.
 */
export function widen(existing: ColumnType, wanted: ColumnType): ColumnType {
  if (sameType(existing, wanted) || existing.base === "VARCHAR" || existing.base === "JSON") return existing;
  if (wanted.base === "JSON") return wanted;
  for (const chain of CHAINS) {
    const [from, to] = [chain.indexOf(existing.base as PlainType), chain.indexOf(wanted.base as PlainType)];
    if (from >= 0 && to >= 0) return from > to ? existing : wanted;
  }
  return exactNumber(existing, wanted) ?? { base: "VARCHAR" };
}

/** DECIMAL with room for both, as far as 38 digits go. */
function exactNumber(existing: ColumnType, wanted: ColumnType): ColumnType | undefined {
  const [before, after] = [digitsOf(existing), digitsOf(wanted)];
  if (before === undefined || after === undefined || before.whole + before.scale > MAX_PRECISION)
    return undefined;
  const whole = Math.max(before.whole, Math.min(after.whole, MAX_PRECISION - before.scale));
  const scale = Math.max(before.scale, Math.min(after.scale, MAX_PRECISION - whole));
  return { base: "DECIMAL", precision: whole + scale, scale };
}

function digitsOf(type: ColumnType): { readonly whole: number; readonly scale: number } | undefined {
  if (type.base === "DECIMAL") return { whole: type.precision - type.scale, scale: type.scale };
  const whole = WHOLE_DIGITS[type.base];
  return whole === undefined ? undefined : { whole, scale: 0 };
}

/** Whether every value of `wanted` can be written into `existing` as it is. */
export function holds(existing: ColumnType, wanted: ColumnType): boolean {
  if (!sameType(widen(existing, wanted), existing)) return false;
  const [before, after] = [digitsOf(existing), digitsOf(wanted)];
  if (before === undefined || after === undefined) return true;
  return before.whole >= after.whole && before.scale >= after.scale;
}

/** The value of a column in a wider type, as SQL. */
export function converted(column: string, from: ColumnType, to: ColumnType): string {
  const value = identifier(column);
  if (sameType(from, to)) return value;
  if (to.base === "JSON") return `to_json(${value})`;
  if (to.base === "VARCHAR") return canonicalText(value, from);
  if (to.base === "TIMESTAMPTZ") return `CAST(${value} AS TIMESTAMP) AT TIME ZONE 'UTC'`;
  return `CAST(${value} AS ${typeSql(to)})`;
}

/** Canonical text of a value: DuckDB writes `(BC)` after the date, the protocol and PostgreSQL ` BC` at the end. */
export function canonicalText(value: string, { base }: ColumnType): string {
  const text = `CAST(${value} AS VARCHAR)`;
  const dated = base === "DATE" || base === "TIMESTAMP" || base === "TIMESTAMPTZ";
  return dated
    ? `CASE WHEN ${value} < '0001-01-01' THEN regexp_replace(${text}, ' \\(BC\\)(.*)$', '\\1 BC') ELSE ${text} END`
    : text;
}
