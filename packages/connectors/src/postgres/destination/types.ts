import type { Field, FieldKind, StreamPlan } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { textArray } from "./sql.ts";

/** A column's type. Two are the same when oid and modifiers are. */
export interface PgType {
  readonly oid: number;
  /** `(10,2)` of numeric(10,2); empty without. */
  readonly modifiers: string;
  /** As it is written in SQL. */
  readonly sql: string;
}

export const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  float4: 700,
  float8: 701,
  boxes: 1020,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  timetz: 1266,
  numeric: 1700,
  jsonb: 3802,
} as const;

const plain = (oid: number, sql: string): PgType => ({ oid, modifiers: "", sql });

export const VARCHAR = plain(OID.varchar, "character varying");
export const JSONB = plain(OID.jsonb, "jsonb");
export const BIGINT = plain(OID.int8, "bigint");
export const NUMERIC = plain(OID.numeric, "numeric");
export const TIMESTAMPTZ = plain(OID.timestamptz, "timestamp with time zone");

interface KindType {
  readonly type: PgType;
  /** What the source of a byte route casts to: a name whose binary and text form the column takes as they are. */
  readonly wire: string;
}

/** The types of Airbyte's direct-load tables. */
export const KIND_TYPES: Readonly<Record<FieldKind, KindType>> = {
  string: { type: VARCHAR, wire: "text" },
  boolean: { type: plain(OID.bool, "boolean"), wire: "bool" },
  integer: { type: BIGINT, wire: "int8" },
  number: { type: NUMERIC, wire: "numeric" },
  date: { type: plain(OID.date, "date"), wire: "date" },
  timestamp_with_timezone: { type: TIMESTAMPTZ, wire: "timestamptz" },
  timestamp_without_timezone: {
    type: plain(OID.timestamp, "timestamp without time zone"),
    wire: "timestamp",
  },
  time_with_timezone: { type: plain(OID.timetz, "time with time zone"), wire: "timetz" },
  time_without_timezone: { type: plain(OID.time, "time without time zone"), wire: "time" },
  object: { type: JSONB, wire: "jsonb" },
  array: { type: JSONB, wire: "jsonb" },
  union: { type: JSONB, wire: "jsonb" },
  unknown: { type: JSONB, wire: "jsonb" },
};

/** A type of the source that exists here under the same name. */
export interface NativeType {
  readonly type: PgType;
  /** Whether its binary form says the same on every server: no object identifiers inside, no locale. */
  readonly binary: boolean;
}

export type NativeTypes = ReadonlyMap<string, NativeType>;

/**
 * Built-in types kept natively, by name. Left out: `money` (its text and scale follow lc_monetary) and the `reg` types,
 * `aclitem`, `xid` and the like (they point into one server's catalog).
 */
const PORTABLE =
  "bool bytea char name int8 int2 int4 text oid json xml point lseg path box polygon line cidr float4 float8 circle " +
  "macaddr8 macaddr inet bpchar varchar date time timestamp timestamptz interval timetz bit varbit numeric uuid pg_lsn " +
  "tsvector tsquery jsonb jsonpath int4range numrange tsrange tstzrange daterange int8range int4multirange nummultirange " +
  "tsmultirange tstzmultirange datemultirange int8multirange";

/** Without an ordering they can be neither key nor cursor. */
const UNORDERED = new Set(
  "json xml point lseg path box polygon line circle jsonpath".split(" ").map((name) => `pg_catalog.${name}`),
);

/**
 * One row for each known name. Built-in types have oids below 16384. Of the others, enums travel as their labels, and
 * base types of extensions, composites and ranges as text. Arrays are kept of built-in types and of enums; JSON inside
 * an array would not come back from the JSON text of the typed route as it was (a JSON null is not an SQL NULL), and
 * `int2vector` and `oidvector` are not written as arrays are.
 */
const LOOK_UP = `
SELECT given.name, type.oid, namespace.nspname || '.' || type.typname AS full_name,
  CASE
    WHEN type.typcategory = 'A' THEN
      type.typinput = 'pg_catalog.array_in'::pg_catalog.regproc AND (element.typtype = 'e' OR element.oid < 16384 AND element.typname = ANY ($2::text[]) AND element.typname NOT LIKE 'json%')
    WHEN type.oid < 16384 THEN type.typname = ANY ($2::text[])
    ELSE type.typtype IN ('b', 'c', 'e', 'm', 'r')
  END AS kept,
  type.oid < 16384 OR type.typtype = 'e' AS binary
FROM unnest($1::text[]) AS given (name)
JOIN pg_catalog.pg_type AS type ON type.oid = to_regtype(given.name)
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = type.typnamespace
LEFT JOIN pg_catalog.pg_type AS element ON element.oid = type.typelem AND type.typcategory = 'A'`;

interface TypeRow extends Record<string, string | null> {
  readonly name: string;
  readonly oid: string;
  readonly full_name: string;
  readonly kept: string;
  readonly binary: string;
}

/** The source's types among the plans' fields that exist here. No query where none is asked for. */
export async function lookUpNativeTypes(
  session: Session,
  plans: readonly StreamPlan[],
): Promise<NativeTypes> {
  const names = new Set<string>();
  const ordered = new Set<string>();
  for (const plan of plans.filter(({ nativeTypes }) => nativeTypes)) {
    for (const field of plan.fields) {
      const name = nativeName(field);
      if (name === undefined) continue;
      names.add(name);
      if (plan.primaryKey.includes(field.name) || plan.cursor === field.name) ordered.add(name);
    }
  }
  if (names.size === 0) return new Map();
  const rows = await typeRows(session, [...names]);
  const kept = rows.filter(
    (row) => row.kept === "t" && !(ordered.has(row.name) && UNORDERED.has(row.full_name)),
  );
  return new Map(
    kept.map(({ name, oid, binary }) => [
      name,
      { type: { oid: Number(oid), modifiers: modifiersOf(name), sql: name }, binary: binary === "t" },
    ]),
  );
}

async function typeRows(session: Session, names: readonly string[]): Promise<readonly TypeRow[]> {
  try {
    return await session.query<TypeRow>(LOOK_UP, [textArray(names), textArray(PORTABLE.split(" "))]);
  } catch (error) {
    // A name that is no SQL fails the query instead of finding nothing.
    if (sqlState(error) !== "42601") throw error;
    if (names.length <= 1) return [];
    const single = [];
    for (const name of names) single.push(...(await typeRows(session, [name])));
    return single;
  }
}

function nativeName(field: Field): string | undefined {
  return field.native?.system === "postgresql" ? field.native.type : undefined;
}

export function modifiersOf(type: string): string {
  return /\([^)]*\)/.exec(type.replaceAll(" ", ""))?.[0] ?? "";
}

/** The type a field's column has in a table made for it. */
export function wantedType(plan: StreamPlan, field: Field, natives: NativeTypes): PgType {
  return nativeOf(plan, field, natives)?.type ?? KIND_TYPES[field.kind].type;
}

export function nativeOf(plan: StreamPlan, field: Field, natives: NativeTypes): NativeType | undefined {
  const name = plan.nativeTypes ? nativeName(field) : undefined;
  return name === undefined ? undefined : natives.get(name);
}

export function sameType(left: PgType, right: PgType): boolean {
  return left.oid === right.oid && left.modifiers === right.modifiers;
}
