import type { Field, FieldKind } from "@weir/protocol";

const PLAIN_TYPES = [
  "VARCHAR",
  "JSON",
  "BOOLEAN",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "FLOAT",
  "DOUBLE",
  "DATE",
  "TIMESTAMP",
  "TIMESTAMPTZ",
  "TIME",
  "TIMETZ",
  "UUID",
] as const;

export type PlainType = (typeof PLAIN_TYPES)[number];

export interface DecimalType {
  readonly base: "DECIMAL";
  readonly precision: number;
  readonly scale: number;
}

/** A column type Weir can write. */
export type ColumnType = { readonly base: PlainType } | DecimalType;

export const MAX_PRECISION = 38;

/** For `number` without a known scale, as Airbyte's DuckDB destination has it. */
const DEFAULT_DECIMAL: DecimalType = { base: "DECIMAL", precision: MAX_PRECISION, scale: 9 };

const LONG_NAMES: Readonly<Record<string, PlainType>> = {
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
  "TIME WITH TIME ZONE": "TIMETZ",
};

/** The type as DuckDB's catalog spells it; undefined for one that Weir does not write. */
export function parseType(text: string): ColumnType | undefined {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(text);
  if (decimal !== null) return { base: "DECIMAL", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  const base = LONG_NAMES[text] ?? PLAIN_TYPES.find((name) => name === text);
  return base === undefined ? undefined : { base };
}

export function typeSql(type: ColumnType): string {
  return type.base === "DECIMAL" ? `DECIMAL(${type.precision},${type.scale})` : type.base;
}

export function sameType(left: ColumnType, right: ColumnType): boolean {
  return typeSql(left) === typeSql(right);
}

const KIND_TYPES: Readonly<Record<Exclude<FieldKind, "number">, PlainType>> = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  integer: "BIGINT",
  date: "DATE",
  timestamp_with_timezone: "TIMESTAMPTZ",
  timestamp_without_timezone: "TIMESTAMP",
  // Microseconds and an offset in seconds up to 15:59:59, as PostgreSQL has it: exact.
  time_with_timezone: "TIMETZ",
  time_without_timezone: "TIME",
  object: "JSON",
  array: "JSON",
  union: "JSON",
  unknown: "JSON",
};

/** SQL's names for types that mean the same in every system; the others have no exact match here. */
const NATIVE_TYPES: Readonly<Record<string, { readonly kind: FieldKind; readonly type: PlainType }>> = {
  int2: { kind: "integer", type: "SMALLINT" },
  smallint: { kind: "integer", type: "SMALLINT" },
  int4: { kind: "integer", type: "INTEGER" },
  integer: { kind: "integer", type: "INTEGER" },
  float4: { kind: "number", type: "FLOAT" },
  real: { kind: "number", type: "FLOAT" },
  float8: { kind: "number", type: "DOUBLE" },
  "double precision": { kind: "number", type: "DOUBLE" },
  double: { kind: "number", type: "DOUBLE" },
  uuid: { kind: "string", type: "UUID" },
};

/** The type a new column for the field gets. */
export function typeOf(field: Field, nativeTypes: boolean): ColumnType {
  const native = nativeTypes ? nativeType(field) : undefined;
  if (native !== undefined) return { base: native };
  return field.kind === "number" ? decimalType(field) : { base: KIND_TYPES[field.kind] };
}

function nativeType({ native, kind }: Field): PlainType | undefined {
  const found = native === undefined ? undefined : NATIVE_TYPES[native.type.toLowerCase()];
  return found?.kind === kind ? found.type : undefined;
}

/** DECIMAL(p,s) of the source where DuckDB has it. A scale below 0 or above the precision is legal elsewhere. */
function decimalType({ precision, scale }: Field): DecimalType {
  if (precision === undefined || scale === undefined) return DEFAULT_DECIMAL;
  const places = Math.max(scale, 0);
  const digits = Math.max(precision - scale, 0) + places;
  if (digits < 1 || digits > MAX_PRECISION) return DEFAULT_DECIMAL;
  return { base: "DECIMAL", precision: digits, scale: places };
}
