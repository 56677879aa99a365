import type { Measure, MeasureRequest, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { lookAt } from "./catalog.ts";
import { columnNames, type TableName } from "./names.ts";
import { identifier, literal, tableText } from "./sql.ts";
import { OID, type PgType } from "./types.ts";
import { isJson } from "./widen.ts";

/** Counts what a reader of the table sees, in one query. */
export async function measure(
  session: Session,
  table: TableName,
  plan: StreamPlan,
  { key }: MeasureRequest,
): Promise<Measure> {
  const existing = (await lookAt(session, [table], [])).table(table);
  const names = columnNames(plan);
  const texts = key.map((name) => {
    const column = names.get(name) ?? name;
    const type = existing?.columns.get(column)?.type;
    if (type === undefined) throw missing(plan, `${table.schema}.${table.name}`, column);
    return `coalesce(${keyText(identifier(column), type)}, ${literal("\\N")})`;
  });
  const text = `concat_ws(E'\\x1f', ${texts.join(", ")})`;
  // The checksum is that of UTF-8, whatever the database's encoding.
  const digits = `substr(md5(convert_to(${text}, 'UTF8')), 1, 15)`;
  const sum = key.length === 0 ? "" : `, coalesce(sum(('x' || ${digits})::bit(60)::bigint), 0) AS checksum`;
  const [row] = await session.query<{ readonly rows: string; readonly checksum: string }>(
    `SELECT count(*) AS rows${sum} FROM ${tableText(table)}`,
  );
  return { rows: Number(row?.rows), ...(key.length === 0 ? {} : { checksum: row?.checksum ?? "0" }) };
}

/** The text the source has for the same value. */
function keyText(column: string, type: PgType): string {
  if (isJson(type)) return `${column}::jsonb::text`;
  if (type.sql.endsWith("[]")) return `to_jsonb(${column})::text`;
  if (type.oid === OID.float4 || type.oid === OID.float8) return `${column}::text::numeric::text`;
  if (TEXT_CASTS.has(type.oid)) return `${column}::text`;
  // The text that the type's output function writes, which ::text is not for inet and char(n).
  return `CASE WHEN ${column} IS DISTINCT FROM NULL THEN format('%s', ${column}) END`;
}

const TEXT_CASTS: ReadonlySet<number> = new Set([
  OID.bool,
  OID.int2,
  OID.int4,
  OID.int8,
  OID.numeric,
  OID.text,
  OID.varchar,
  OID.date,
  OID.time,
  OID.timetz,
  OID.timestamp,
  OID.timestamptz,
]);

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
