import type { Field, FieldKind } from "@weir/protocol";
import type { ColumnType, SourceColumn } from "./catalog.ts";

/** Kinds of the server's own types; every type not named here is a string: its text as the server writes it. */
const KINDS: Readonly<Record<string, FieldKind>> = {
  bool: "boolean",
  int2: "integer",
  int4: "integer",
  int8: "integer",
  oid: "integer",
  float4: "number",
  float8: "number",
  numeric: "number",
  date: "date",
  timestamp: "timestamp_without_timezone",
  timestamptz: "timestamp_with_timezone",
  time: "time_without_timezone",
  timetz: "time_with_timezone",
  json: "unknown",
  jsonb: "unknown",
};

export function kindOfType(type: ColumnType): FieldKind {
  return type.element === undefined ? (KINDS[type.base] ?? "string") : "array";
}

/** The field that `discover` offers for a column. */
export function fieldOf({ name, type }: SourceColumn): Field {
  const facets = decimalOf(type);
  return {
    name,
    kind: kindOfType(type),
    ...(facets !== undefined && facets.scale >= 0 && facets.scale <= facets.precision ? facets : {}),
    native: { system: "postgresql", type: type.full },
  };
}

/** Precision and scale of `numeric(p,s)`; the scale may be negative or above the precision. */
export function decimalOf(
  type: ColumnType,
): { readonly precision: number; readonly scale: number } | undefined {
  if (type.base !== "numeric" || type.modifier < 4) return undefined;
  const packed = type.modifier - 4;
  // Precision in the upper sixteen bits, scale as eleven bits with a sign.
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}

/** Types of the server that have an order in which newer can come after older. */
const CURSORS = new Set(
  (
    "int2 int4 int8 oid xid8 float4 float8 numeric money date timestamp timestamptz time timetz interval " +
    "text varchar bpchar name uuid bytea pg_lsn"
  ).split(" "),
);

export function canBeCursor(type: ColumnType): boolean {
  return CURSORS.has(type.base);
}

/** The least value that has no successor to wait for, as SQL; rows that hold it never move the cursor. */
export function endless(type: ColumnType, version: number): string | undefined {
  switch (type.base) {
    case "date":
    case "timestamp":
    case "timestamptz":
      return `'infinity'::pg_catalog.${type.base}`;
    case "float4":
    case "float8":
      return `'Infinity'::pg_catalog.${type.base}`;
    case "numeric":
      // Before version 14 numeric knows no infinity; NaN is above all other values.
      return version >= 140_000 ? "'Infinity'::pg_catalog.numeric" : "'NaN'::pg_catalog.numeric";
    case "interval":
      return version >= 170_000 ? "'infinity'::pg_catalog.interval" : undefined;
    default:
      return undefined;
  }
}
