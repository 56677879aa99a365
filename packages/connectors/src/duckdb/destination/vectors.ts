import type * as Bindings from "@duckdb/node-bindings";
import type { Vector } from "@duckdb/node-bindings";
import { CHUNK_ROWS } from "./feed.ts";
import type { Prepared } from "./prepared.ts";

/** Bytes of a text that lie in the vector itself; longer ones are kept behind a pointer. */
const INLINE_BYTES = 12;
const STRING_BYTES = 16;

/** Copies prepared columns into the vectors of a chunk. */
export class VectorWriter {
  readonly #bindings: typeof Bindings;
  readonly #strings = new Uint8Array(CHUNK_ROWS * STRING_BYTES);
  readonly #validity = new Uint8Array(CHUNK_ROWS / 8);
  readonly #numbers = new Int32Array(CHUNK_ROWS * 2);

  constructor(bindings: typeof Bindings) {
    this.#bindings = bindings;
  }

  write(vector: Vector, column: Prepared, from: number, rows: number): void {
    if (column.form === "text") return this.#texts(vector, column.values, from, rows);
    const { bytes, width, nulls } = column;
    const start = bytes.byteOffset + from * width;
    this.#bindings.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, start, rows * width);
    if (nulls !== undefined) this.#nulls(vector, (row) => nulls[from + row] === 1, rows);
  }

  /** 64-bit integers counting up from `first`. */
  count(vector: Vector, first: number, rows: number): void {
    const numbers = this.#numbers;
    for (let row = 0; row < rows; row++) {
      const value = first + row;
      numbers[2 * row] = value;
      numbers[2 * row + 1] = Math.floor(value / 0x1_0000_0000);
    }
    this.#bindings.copy_data_to_vector(vector, 0, numbers.buffer, 0, rows * 8);
  }

  /**
   * Short ASCII is written here, all at once; a call for each text takes three times as long. The rest is left to
   * DuckDB, which copies it to where the chunk keeps its text.
   */
  #texts(vector: Vector, values: readonly (string | null)[], from: number, rows: number): void {
    const strings = this.#strings.fill(0, 0, rows * STRING_BYTES);
    const long: number[] = [];
    let hasNull = false;
    for (let row = 0; row < rows; row++) {
      const text = values[from + row];
      if (text === null || text === undefined) hasNull = true;
      else if (!inlined(strings, row * STRING_BYTES, text)) long.push(row);
    }
    this.#bindings.copy_data_to_vector(vector, 0, strings.buffer, 0, rows * STRING_BYTES);
    for (const row of long) {
      this.#bindings.vector_assign_string_element(vector, row, values[from + row] ?? "");
    }
    if (hasNull) this.#nulls(vector, (row) => typeof values[from + row] !== "string", rows);
  }

  #nulls(vector: Vector, isNull: (row: number) => boolean, rows: number): void {
    const validity = this.#validity.fill(0xff);
    for (let row = 0; row < rows; row++) {
      if (isNull(row)) validity[row >> 3] = (validity[row >> 3] ?? 0) & ~(1 << (row & 7));
    }
    this.#bindings.vector_ensure_validity_writable(vector);
    this.#bindings.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, Math.ceil(rows / 64) * 8);
  }
}

/** Writes length and characters; false, and zeros, when the text is too long or not ASCII. */
function inlined(strings: Uint8Array, at: number, text: string): boolean {
  if (text.length > INLINE_BYTES) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) {
      strings.fill(0, at, at + STRING_BYTES);
      return false;
    }
    strings[at + 4 + index] = code;
  }
  strings[at] = text.length;
  return true;
}
