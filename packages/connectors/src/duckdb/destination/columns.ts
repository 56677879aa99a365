import { isMisfit, jsonTrouble, type Misfit, parseDecimal, textReader } from "@weir/kit";
import type { Column, FieldKind } from "@weir/protocol";
import { cellWriter, MAX_DAYS, MAX_MICROS, MIN_MICROS } from "./cells.ts";
import type { ChangeLog, Prepared } from "./prepared.ts";
import type { TargetColumn } from "./target.ts";
import type { ColumnType } from "./types.ts";

/** Makes a column what DuckDB keeps. Values that do not fit are NULL or rounded, and logged. */
export function prepare(target: TargetColumn, column: Column, rows: number, log: ChangeLog): Prepared {
  return asItIs(target, column, rows) ?? converted(target, column, rows, log);
}

/** Forms that are already what DuckDB keeps. */
function asItIs({ field, type }: TargetColumn, column: Column, rows: number): Prepared | undefined {
  switch (column.form) {
    case "boolean":
      return type.base === "BOOLEAN" && field.kind === "boolean"
        ? { form: "fixed", bytes: column.values, width: 1, nulls: column.nulls }
        : undefined;
    case "float64":
      return type.base === "DOUBLE" && field.kind === "number"
        ? { form: "fixed", bytes: viewOf(column.values), width: 8, nulls: column.nulls }
        : undefined;
    case "int64":
      return integers(field.kind, type, column, rows);
    case "text":
      return field.kind === "string" && type.base === "VARCHAR" && areWellFormed(column.values, rows)
        ? { form: "text", values: column.values }
        : undefined;
    case "json":
      return undefined;
  }
}

function areWellFormed(values: readonly (string | null)[], rows: number): boolean {
  for (let row = 0; row < rows; row++) {
    const value = values[row];
    if (value !== null && value !== undefined && !value.isWellFormed()) return false;
  }
  return true;
}

function viewOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

type Int64Column = Extract<Column, { readonly form: "int64" }>;

function integers(
  kind: FieldKind,
  { base }: ColumnType,
  column: Int64Column,
  rows: number,
): Prepared | undefined {
  const { values, nulls } = column;
  const same: Prepared = { form: "fixed", bytes: viewOf(values), width: 8, nulls };
  if (kind === "integer" && base === "BIGINT") return same;
  if (kind === "date" && base === "DATE") return days(column, rows);
  const zoned = kind === "timestamp_with_timezone" && base === "TIMESTAMPTZ";
  const plain = kind === "timestamp_without_timezone" && base === "TIMESTAMP";
  return (zoned || plain) && areInstants(column, rows) ? same : undefined;
}

/** As 32-bit integers; undefined when one does not fit, for the slow way to log. */
function days({ values, nulls }: Int64Column, rows: number): Prepared | undefined {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const found = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const low = halves[2 * row] ?? 0;
    const fits = halves[2 * row + 1] === low >> 31 && low <= MAX_DAYS && low >= -MAX_DAYS;
    if (!fits && nulls?.[row] !== 1) return undefined;
    found[row] = low;
  }
  return { form: "fixed", bytes: viewOf(found), width: 4, nulls };
}

/** Only the first and last seconds of what 64 bits hold are outside DuckDB's range. */
function areInstants({ values, nulls }: Int64Column, rows: number): boolean {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let row = 0; row < rows; row++) {
    const high = halves[2 * row + 1] ?? 0;
    if (high < 0x7fff_ffff && high > -0x7fff_ff00) continue;
    const value = values[row] ?? 0n;
    if ((value > MAX_MICROS || value < MIN_MICROS) && nulls?.[row] !== 1) return false;
  }
  return true;
}

function converted(target: TargetColumn, column: Column, rows: number, log: ChangeLog): Prepared {
  const { field, type } = target;
  const read = textReader(column, field.kind);
  const note = (row: number, { change, reason }: Misfit): void =>
    log.add(row, { field: field.name, change, reason });
  const writer = cellWriter(type, rows);
  if (writer === undefined) return texts(target, rows, read, note);
  const nulls = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const value = read(row);
    if (isMisfit(value)) note(row, value);
    const text = isMisfit(value) ? value.text : value;
    if (text === null) {
      nulls[row] = 1;
      continue;
    }
    const misfit = writer.write(row, text);
    if (misfit === undefined) continue;
    if (!isMisfit(value)) note(row, misfit);
    if (misfit.change === "NULLED") nulls[row] = 1;
  }
  return { form: "fixed", bytes: writer.bytes, width: writer.width, nulls };
}

function texts(
  { field, type }: TargetColumn,
  rows: number,
  read: ReturnType<typeof textReader>,
  note: (row: number, misfit: Misfit) => void,
): Prepared {
  const values: (string | null)[] = [];
  const finish = type.base === "JSON" ? jsonOf(field.kind) : undefined;
  for (let row = 0; row < rows; row++) {
    const value = read(row);
    if (isMisfit(value)) note(row, value);
    const text = isMisfit(value) ? value.text : value;
    const written = text === null || finish === undefined ? text : finish(text);
    if (isMisfit(written)) note(row, written);
    values.push(isMisfit(written) ? written.text : written);
  }
  return { form: "text", values };
}

const NO_JSON: Misfit = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };

/** JSON as DuckDB can read it again; what is no JSON becomes a JSON number, boolean or string. */
function jsonOf(kind: FieldKind): (text: string) => string | Misfit {
  switch (kind) {
    case "object":
    case "array":
    case "union":
    case "unknown":
      // DuckDB stores the escape of half a surrogate pair, and then fails to read the column.
      return (text) => (jsonTrouble(text) === "surrogate" ? NO_JSON : text);
    case "boolean":
      return (text) => text;
    case "integer":
    case "number":
      return jsonNumber;
    default:
      return (text) => JSON.stringify(text);
  }
}

/** `007` is canonical for an integer and no JSON; NaN and the infinities become strings. */
function jsonNumber(text: string): string {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return text;
  const value = parseDecimal(text);
  return typeof value === "object" ? `${value.unscaled}e${-value.scale}` : JSON.stringify(text);
}
