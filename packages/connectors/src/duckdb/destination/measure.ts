import type { Measure, MeasureRequest, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { readCatalog } from "./catalog.ts";
import type { Link } from "./link.ts";
import { columnNames, tableName } from "./names.ts";
import { fold, identifier, literal, tableSql, tableText } from "./sql.ts";
import type { ColumnType } from "./types.ts";
import { typeOf } from "./types.ts";
import { canonicalText } from "./widen.ts";

/** Counts what a reader of the table sees, in one query. */
export async function measure(
  link: Link,
  plan: StreamPlan,
  schema: string,
  { key, signal }: MeasureRequest,
): Promise<Measure> {
  const table = tableName(plan, schema);
  const found = (await readCatalog(link)).table(table);
  if (found === undefined) return { rows: 0, ...(key.length === 0 ? {} : { checksum: "0" }) };
  const names = columnNames(
    plan.fields,
    new Map([...found.columns].map(([folded, { name }]) => [folded, name])),
  );
  const columnOf = (name: string): KeyColumn | undefined => {
    const column = found.columns.get(fold(names.get(name) ?? name));
    return column?.type === undefined ? undefined : { name: column.name, type: column.type };
  };
  const sums = keySums(plan, key, columnOf, tableText(table));
  const [row] = await link.rows(`SELECT ${sums.join(", ")} FROM ${tableSql(table)}`, signal);
  return { rows: Number(row?.[0]), ...(key.length === 0 ? {} : { checksum: String(row?.[1]) }) };
}

interface KeyColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What to SELECT for a Measure: the count, and the checksum where there is a key. */
export function keySums(
  plan: StreamPlan,
  key: readonly string[],
  columnOf: (field: string) => KeyColumn | undefined,
  table: string,
): readonly string[] {
  const texts = key.map((name) => {
    const column = columnOf(name);
    if (column === undefined) throw missing(plan, table, name);
    const field = plan.fields.find((other) => other.name === name);
    const declared = field === undefined ? undefined : typeOf(field, plan.nativeTypes);
    const exact = field?.scale !== undefined && declared?.base === "DECIMAL" ? declared.scale : undefined;
    return `coalesce(${keyText(identifier(column.name), column.type, exact)}, ${literal("\\N")})`;
  });
  // `0x...` reads as the integer; 15 digits are 60 bits.
  const number = `CAST('0x' || substr(md5(concat_ws(chr(31), ${texts.join(", ")})), 1, 15) AS BIGINT)`;
  return ["count(*)", ...(key.length === 0 ? [] : [`CAST(coalesce(sum(${number}), 0) AS VARCHAR)`])];
}

/**
 * The text the source has for the same value. A decimal whose scale the source declares is written with all its digits
 * after the point, as the source does; any other without the zeros at its end.
 */
function keyText(column: string, type: ColumnType, declaredScale: number | undefined): string {
  const text = canonicalText(column, type);
  if (type.base !== "DECIMAL" || type.scale === 0 || type.scale === declaredScale) return text;
  return `rtrim(rtrim(${text}, '0'), '.')`;
}

function missing(plan: StreamPlan, table: string, column: string): WeirError {
  return new WeirError({
    code: "destination.column_missing",
    message: `Table ${table} has no column ${column}.`,
    next: "Sync the stream, then verify again.",
    recovery: "ask",
    origin: "destination",
    stream: plan.key,
  });
}
