import type { Column } from "@weir/protocol";
import { bitsOf, pick } from "./random.ts";

/**
 * Makes one column for rows numbered from `from`. Each kind of column has a loop of its own: a function call for every
 * value would cost as much as the values.
 */
export type MakeColumn = (from: number, rows: number) => Column;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LOW = LITTLE_ENDIAN ? 0 : 1;

/** int64 values written as halves: making a bigint for each takes six times as long. Values are safe integers. */
export class Int64Values {
  readonly values: BigInt64Array;
  readonly #halves: Int32Array;

  constructor(rows: number) {
    this.values = new BigInt64Array(rows);
    this.#halves = new Int32Array(this.values.buffer);
  }

  set(row: number, value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#halves[2 * row + LOW] = value - high * 0x1_0000_0000;
    this.#halves[2 * row + 1 - LOW] = high;
  }
}

/** Room for `rows` texts at once: growing by push makes the whole stream a third slower. */
function texts(rows: number): string[] {
  const values: string[] = [];
  values.length = rows;
  return values;
}

/** 1, 2, 3, … */
export function ids(): MakeColumn {
  return (from, rows) => {
    const column = new Int64Values(rows);
    for (let row = 0; row < rows; row++) column.set(row, from + row + 1);
    return { form: "int64", values: column.values };
  };
}

export function integers(salt: number, least: number, most: number): MakeColumn {
  const span = most - least + 1;
  return (from, rows) => {
    const column = new Int64Values(rows);
    for (let row = 0; row < rows; row++) column.set(row, least + pick(bitsOf(salt, from + row), span));
    return { form: "int64", values: column.values };
  };
}

export function words(salt: number, table: readonly string[]): MakeColumn {
  const span = table.length;
  return (from, rows) => {
    const values = texts(rows);
    for (let row = 0; row < rows; row++) values[row] = table[pick(bitsOf(salt, from + row), span)] ?? "";
    return { form: "text", values };
  };
}

/** A word of each table, one after the other; drawn from different bits. */
export function pairs(salt: number, first: readonly string[], second: readonly string[]): MakeColumn {
  const other = salt ^ 0x5bd1e995;
  return (from, rows) => {
    const values = texts(rows);
    for (let row = 0; row < rows; row++) {
      const head = first[pick(bitsOf(salt, from + row), first.length)] ?? "";
      values[row] = head + (second[pick(bitsOf(other, from + row), second.length)] ?? "");
    }
    return { form: "text", values };
  };
}

/** A word, the row's id and an end: unique in every row. */
export function numbered(salt: number, table: readonly string[], end: string): MakeColumn {
  const span = table.length;
  return (from, rows) => {
    const values = texts(rows);
    for (let row = 0; row < rows; row++) {
      values[row] = (table[pick(bitsOf(salt, from + row), span)] ?? "") + String(from + row + 1) + end;
    }
    return { form: "text", values };
  };
}

/** 2020-01-01 in microseconds since 1970. */
const EPOCH = 1_577_836_800_000_000;
const SECOND = 1_000_000;

/** When a row was last updated: one second after the row before it, so that the column serves as a cursor. */
export function updatedAt(row: number): number {
  return EPOCH + row * SECOND;
}

export function updates(): MakeColumn {
  return (from, rows) => {
    const column = new Int64Values(rows);
    for (let row = 0; row < rows; row++) column.set(row, updatedAt(from + row));
    return { form: "int64", values: column.values };
  };
}

/** Up to five years before the update. */
export function creations(salt: number): MakeColumn {
  const span = 5 * 365 * 86_400;
  return (from, rows) => {
    const column = new Int64Values(rows);
    for (let row = 0; row < rows; row++) {
      column.set(row, updatedAt(from + row) - pick(bitsOf(salt, from + row), span) * SECOND);
    }
    return { form: "int64", values: column.values };
  };
}
