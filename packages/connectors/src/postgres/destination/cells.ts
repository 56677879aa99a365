import { type Misfit, type TextReader, textReader } from "@weir/kit";
import type { Change, Column, ColumnBatch, Field } from "@weir/protocol";
import { isNumbered } from "./array-literal.ts";
import { limitOf } from "./limits.ts";
import type { TargetColumn } from "./tables.ts";
import { OID, type PgType } from "./types.ts";

export const NULL = "\\N";

/** Text of one value as COPY's text format has it. What is not written as it was is put into `changes`. */
export type Cell = (row: number, changes: Change[]) => string;

/** One cell for each column, reading one batch. */
export function cellsOf(
  columns: readonly TargetColumn[],
  batch: ColumnBatch,
  version: number,
): readonly Cell[] {
  return columns.map((column, at) => {
    const values = batch.columns[at];
    if (values === undefined) throw new TypeError(`A batch has no column for field ${column.field.name}`);
    return cellOf(column, values, version);
  });
}

function cellOf({ field, type }: TargetColumn, values: Column, version: number): Cell {
  const read = arrays(type, values, guarded(textReader(values, field.kind), values));
  const limit = limitOf(field.kind, type, version);
  const finish = UNESCAPED.has(type.oid) ? (text: string) => text : escaped;
  const name = changeName(field);
  return (row, changes) => {
    let value = read(row);
    if (value === null) return NULL;
    if (typeof value === "object") value = noted(value, name, changes);
    if (value === null) return NULL;
    const fit = limit(value);
    if (typeof fit === "string") return finish(fit);
    const rest = noted(fit, name, changes);
    return rest === null ? NULL : finish(rest);
  };
}

const TOO_DEEP: Misfit = { change: "NULLED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text: null };

/** JSON nested thousands of levels deep overflows the stack of JSON.stringify. */
function guarded(read: TextReader, { form }: Column): TextReader {
  if (form !== "json") return read;
  return (row) => {
    try {
      return read(row);
    } catch (error) {
      if (error instanceof RangeError) return TOO_DEEP;
      throw error;
    }
  };
}

/** What JSON cannot say of an array goes on as it is, into a column of arrays. */
function arrays({ sql }: PgType, column: Column, read: TextReader): TextReader {
  if (column.form !== "text" || !sql.endsWith("[]")) return read;
  return (row) => {
    const text = column.values[row];
    return isNumbered(text) ? text : read(row);
  };
}

function noted({ change, reason, text }: Misfit, field: string, changes: Change[]): string | null {
  changes.push({ field, change, reason });
  return text;
}

/** As it stands in `_airbyte_meta`, which is jsonb and holds no NUL and no half of a surrogate pair. */
export function changeName({ name }: Pick<Field, "name">): string {
  return name.toWellFormed().replaceAll("\0", "\u{fffd}");
}

/** Types whose text has nothing to escape. */
const UNESCAPED: ReadonlySet<number> = new Set([
  OID.bool,
  OID.int2,
  OID.int4,
  OID.int8,
  OID.float4,
  OID.float8,
  OID.numeric,
  OID.date,
  OID.time,
  OID.timetz,
  OID.timestamp,
  OID.timestamptz,
]);

const SPECIAL = /[\\\n\r\t]/;
const LETTERS: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Characters escaped at a time: a text of 100 MB at once takes 700 MB more. */
const PIECE = 1024 * 1024;

export function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  if (text.length <= PIECE) return escapedPiece(text);
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += PIECE) pieces.push(escapedPiece(text.slice(at, at + PIECE)));
  return pieces.join("");
}

function escapedPiece(text: string): string {
  return text.replaceAll(/[\\\n\r\t]/g, (letter) => LETTERS[letter] ?? letter);
}
