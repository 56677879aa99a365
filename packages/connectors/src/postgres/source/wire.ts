import type { Encoding, FieldKind, WireColumn } from "@weir/protocol";
import { identifier } from "../quote.ts";
import type { ColumnType, SourceColumn } from "./catalog.ts";
import { decimalOf, kindOfType } from "./types.ts";

/**
 * The SQL expression that gives a column in an encoding, or undefined where that could change a value. Only casts whose
 * result is the same value for every input are made; those that fail for some inputs (a JSON text with \u0000 as jsonb)
 * are allowed, because a failure sends the part by `batch`.
 */
export function expression(
  column: SourceColumn,
  wire: WireColumn,
  format: Encoding["format"],
): string | undefined {
  switch (format) {
    case "batch":
      return (
        (wire.field.kind === "array" ? ownArray(column, wire) : undefined) ??
        canonical(column, wire.field.kind)
      );
    case "csv":
      return csvFits(column.type, wire) ? canonical(column, wire.field.kind) : undefined;
    case "pg-text":
      return asText(column, wire);
    case "pg-binary":
      return asBinary(column, wire);
    case "csv-file":
    case "jsonl-file":
      return undefined;
  }
}

const JSON_KINDS: ReadonlySet<FieldKind> = new Set(["object", "array", "union", "unknown"]);
const isJson = ({ base }: ColumnType): boolean => base === "json" || base === "jsonb";

/**
 * COPY writes every type by its output function, which is the canonical text of its kind; never fails. Only what must
 * be JSON and is not (arrays above all) is converted: numbers keep their digits, NaN and the infinities become strings.
 */
function canonical({ name, type }: SourceColumn, kind: FieldKind): string {
  const column = identifier(name);
  return JSON_KINDS.has(kind) && !isJson(type) ? `pg_catalog.to_json(${column})::pg_catalog.text` : column;
}

/**
 * For a column of the very same type: an array that is not numbered from 1 goes as `[0:1]={5,6}`, since its JSON would be
 * read as another array.
 */
function ownArray(column: SourceColumn, { type }: WireColumn): string | undefined {
  if (column.type.element === undefined || !sameType(column.type, type)) return undefined;
  const name = identifier(column.name);
  const numbered = `pg_catalog.array_dims(${name}) !~ '^([[]1:[0-9]+])*$'`;
  return `CASE WHEN ${numbered} THEN ${name}::pg_catalog.text ELSE ${canonical(column, "array")} END`;
}

/** A field whose kind is no longer the column's is for the typed route to judge. */
function csvFits(type: ColumnType, { field, type: target }: WireColumn): boolean {
  const kind = kindOfType(type);
  if (field.kind === "number" && (kind === "number" || kind === "integer")) return fitsScale(type, target);
  return field.kind === kind || field.kind === "string";
}

/** Digits beyond the scale would be rounded without a word. Too many digits before the point fail, which is fine. */
function fitsScale(type: ColumnType, target: string): boolean {
  const scale = /^\s*(?:decimal|numeric)\s*\(\s*\d+\s*,\s*(\d+)\s*\)/i.exec(target)?.[1];
  if (scale === undefined || kindOfType(type) === "integer") return true;
  const own = decimalOf(type);
  return own !== undefined && own.scale <= Number(scale);
}

/** From type to the types that hold every value of it; `numeric` of floats goes by their text, a plain cast rounds. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  bool: ["bool"],
  int2: ["int2", "int4", "int8", "numeric"],
  int4: ["int4", "int8", "numeric"],
  int8: ["int8", "numeric"],
  oid: ["int8", "numeric"],
  float4: ["float4", "numeric"],
  float8: ["float8", "numeric"],
  numeric: ["numeric"],
  date: ["date"],
  timestamp: ["timestamp"],
  timestamptz: ["timestamptz"],
  time: ["time"],
  timetz: ["timetz"],
  json: ["json", "jsonb"],
  jsonb: ["json", "jsonb"],
};

/** Types whose binary form is the text itself. */
const TEXTS: ReadonlySet<string> = new Set(["text", "varchar", "bpchar"]);
const STRINGS: ReadonlySet<string> = new Set(["text", "varchar"]);

function asText({ name, type }: SourceColumn, { type: target }: WireColumn): string | undefined {
  const column = identifier(name);
  if (sameType(type, target)) return hasPortableText(type) ? column : undefined;
  const to = typeName(target);
  if (type.element !== undefined) return to === "jsonb" || to === "json" ? toJson(column, to) : undefined;
  if (STRINGS.has(to)) return kindOfType(type) === "string" ? column : undefined;
  return WIDER[type.base]?.includes(to) === true ? column : undefined;
}

function asBinary({ name, type }: SourceColumn, { type: target }: WireColumn): string | undefined {
  const column = identifier(name);
  if (sameType(type, target)) return hasPortableBinary(type) ? column : undefined;
  const to = typeName(target);
  if (type.element !== undefined) return to === "jsonb" || to === "json" ? toJson(column, to) : undefined;
  if (STRINGS.has(to)) return kindOfType(type) === "string" ? outputText(column, type) : undefined;
  if (WIDER[type.base]?.includes(to) !== true) return undefined;
  if (type.base === to) return column;
  const viaText = type.base.startsWith("float") ? "::pg_catalog.text" : "";
  return `${column}${viaText}::pg_catalog.${to}`;
}

function toJson(column: string, to: string): string {
  return `pg_catalog.to_${to}(${column})`;
}

/** The text that the type's output function writes, which `::text` is not for every type (`inet`, `char(n)`). */
export function outputText(column: string, type: ColumnType): string {
  if (TEXTS.has(type.base)) return column;
  if (!type.ownTextCast) return `${column}::pg_catalog.text`;
  return `CASE WHEN ${column} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ${column}) END`;
}

const ALIASES: Readonly<Record<string, string>> = {
  smallint: "int2",
  integer: "int4",
  int: "int4",
  bigint: "int8",
  real: "float4",
  "double precision": "float8",
  decimal: "numeric",
  boolean: "bool",
  "character varying": "varchar",
  character: "bpchar",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  "time without time zone": "time",
  "time with time zone": "timetz",
};

/** The system's short name of a type without modifiers; modified types get a name no table lists. */
function typeName(type: string): string {
  if (type.includes("(") || type.includes("[")) return type;
  const plain = type
    .trim()
    .toLowerCase()
    .replace(/^pg_catalog\./, "");
  return ALIASES[plain] ?? plain;
}

/** The same type, modifier and all. */
function sameType(type: ColumnType, target: string): boolean {
  return (
    type.full === target ||
    (type.modifier === -1 && type.element === undefined && type.base === typeName(target))
  );
}

/** Types whose text means something else on another server: names of its objects, money in its currency. */
function hasPortableText({ base, element }: ColumnType): boolean {
  const plain = element ?? base;
  return !plain.startsWith("reg") && plain !== "money" && plain !== "aclitem";
}

/** Not `tsquery`: the server refuses its own binary form of an empty one. */
const PORTABLE_BINARY: ReadonlySet<string> = new Set(
  (
    "bool int2 int4 int8 oid float4 float8 numeric date timestamp timestamptz time timetz interval text varchar bpchar " +
    "name bytea uuid json jsonb bit varbit inet cidr macaddr macaddr8 point line lseg box path polygon circle " +
    "int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange " +
    "tsmultirange tstzmultirange datemultirange tsvector pg_lsn xid xid8 tid jsonpath"
  ).split(" "),
);

/** Binary forms that name no object by its id: ids of a user's types differ between servers. */
function hasPortableBinary({ base, element, sort }: ColumnType): boolean {
  return PORTABLE_BINARY.has(element ?? base) || (sort === "e" && element === undefined);
}
