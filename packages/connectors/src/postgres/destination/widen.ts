import { identifier } from "./sql.ts";
import type { PgType } from "./types.ts";
import { BIGINT, JSONB, KIND_TYPES, NUMERIC, OID, sameType, TIMESTAMPTZ, VARCHAR } from "./types.ts";

/** What becomes of a column whose type is not the wanted one: it stays, or it is changed first. */
export interface Widening {
  readonly type: PgType;
  /** The value of the old column in the new type; absent when the column stays as it is. */
  readonly using?: string | undefined;
}

const TIMESTAMP = KIND_TYPES.timestamp_without_timezone.type;
const TIMETZ = KIND_TYPES.time_with_timezone.type;

/** Chains in which each type holds every value of those before it. */
const CHAINS: readonly (readonly PgType[])[] = [
  [
    { oid: OID.int2, modifiers: "", sql: "smallint" },
    { oid: OID.int4, modifiers: "", sql: "integer" },
    BIGINT,
    { oid: OID.float4, modifiers: "", sql: "real" },
    { oid: OID.float8, modifiers: "", sql: "double precision" },
    NUMERIC,
  ],
  [KIND_TYPES.date.type, TIMESTAMP, TIMESTAMPTZ],
  [KIND_TYPES.time_without_timezone.type, TIMETZ],
];

/**
 * The narrowest type that holds what the column has and what is to come:
 * - text without a limit and JSON columns stay: they take anything, as text or as JSON;
 * - numbers: smallint, integer, bigint, numeric; floats become numeric as soon as anything else is to be held;
 * - date, timestamp, timestamp with time zone (UTC); time, time with time zone (UTC);
 * - a column to hold JSON becomes jsonb; every other pair meets in text.
 */
export function widen(existing: PgType, wanted: PgType): Widening {
  if (sameType(existing, wanted) || isOpenText(existing) || isJson(existing)) return { type: existing };
  const chain = CHAINS.find((types) => indexIn(types, existing) >= 0 && indexIn(types, wanted) >= 0);
  if (chain !== undefined) return alongChain(chain, existing, wanted);
  if (existing.oid === wanted.oid && existing.oid === OID.varchar) return longerText(existing, wanted);
  return isJson(wanted) ? changed(existing, JSONB) : changed(existing, VARCHAR);
}

export function isOpenText({ oid, modifiers }: PgType): boolean {
  return (oid === OID.varchar || oid === OID.text) && modifiers === "";
}

export function isJson({ oid }: PgType): boolean {
  return oid === OID.jsonb || oid === OID.json;
}

function isFloat({ oid }: PgType): boolean {
  return oid === OID.float4 || oid === OID.float8;
}

function indexIn(types: readonly PgType[], { oid }: PgType): number {
  return types.findIndex((type) => type.oid === oid);
}

function alongChain(types: readonly PgType[], existing: PgType, wanted: PgType): Widening {
  const [from, to] = [indexIn(types, existing), indexIn(types, wanted)];
  // A float holds neither every bigint nor every decimal; between the two floats the wider one does.
  const floats = [existing, wanted].filter(isFloat).length;
  if (floats === 1 && existing.oid !== OID.numeric) return changed(existing, NUMERIC);
  const wider = types[Math.max(from, to)] ?? wanted;
  // Limits such as numeric(10,2) or timestamp(3) go where the other side needs more than they allow.
  if (from === to && holdsMore(existing, wanted)) return { type: existing };
  if (from === to) return changed(existing, holdsMore(wanted, existing) ? wanted : wider);
  if (from > to && existing.modifiers === "") return { type: existing };
  return changed(existing, from < to && wanted.modifiers === "" ? wanted : wider);
}

/** Whether every value of the second limited type fits the first: numeric(12,2) after numeric(10,2). */
function holdsMore(wider: PgType, narrower: PgType): boolean {
  if (wider.modifiers === "") return true;
  if (narrower.modifiers === "") return false;
  const [precision = 0, scale = 0] = numbersOf(wider);
  const [oldPrecision = 0, oldScale = 0] = numbersOf(narrower);
  return scale >= oldScale && precision - scale >= oldPrecision - oldScale;
}

function numbersOf({ modifiers }: PgType): readonly number[] {
  return modifiers.slice(1, -1).split(",").map(Number);
}

function longerText(existing: PgType, wanted: PgType): Widening {
  const [before = 0] = numbersOf(existing);
  const [after = 0] = numbersOf(wanted);
  if (wanted.modifiers !== "" && after <= before) return { type: existing };
  return changed(existing, wanted);
}

function changed(from: PgType, to: PgType): Widening {
  return sameType(from, to) ? { type: from } : { type: to, using: conversion(from, to) };
}

/** SQL that makes the old value the new one, `%` standing for the column. Sessions run in UTC. */
function conversion(from: PgType, to: PgType): string {
  if (from.oid === to.oid) return `%::${to.sql}`;
  if (isFloat(from) && to.oid === OID.numeric) return "%::text::numeric";
  if (to.oid === OID.timestamptz) return "%::timestamp AT TIME ZONE 'UTC'";
  if (to.oid === OID.timetz) return "(%::text || '+00')::timetz";
  if (to.oid === OID.jsonb) return "to_jsonb(%)";
  if (to.oid === OID.varchar && to.modifiers === "") return "%::text";
  return `%::${to.sql}`;
}

/** A column's value in another type, as SQL. */
export function converted(column: string, from: PgType, to: PgType): string {
  return conversion(from, to).replaceAll("%", () => identifier(column));
}

export function alterType(column: string, { type, using }: Widening): string {
  const name = identifier(column);
  return `ALTER COLUMN ${name} TYPE ${type.sql} USING ${(using ?? "%").replaceAll("%", () => name)}`;
}
