import {
  type Misfit,
  parseDate,
  parseDecimal,
  parseInteger,
  parseTime,
  parseTimestamp,
  roundDecimal,
} from "@weir/kit";
import type { ColumnType, DecimalType } from "./types.ts";

/** Writes canonical text of one row's value as the bytes DuckDB keeps; a Misfit says what was lost. */
export interface CellWriter {
  readonly bytes: Uint8Array;
  readonly width: number;
  /** Returns whether the row holds a value, or the misfit. NULLED leaves the row without one. */
  write(row: number, text: string): Misfit | undefined;
}

const WRONG_TYPE: Misfit = { change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR", text: null };
const TOO_LARGE: Misfit = { change: "NULLED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text: null };
/** Written all the same; the text is not used. */
const ROUNDED: Misfit = { change: "TRUNCATED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text: "" };

/** For the types that are kept in a fixed number of bytes; undefined for text. */
export function cellWriter(type: ColumnType, rows: number): CellWriter | undefined {
  switch (type.base) {
    case "VARCHAR":
    case "JSON":
      return undefined;
    case "BOOLEAN":
      return booleans(rows);
    case "SMALLINT":
      return smallIntegers(new Int16Array(rows), 32_767);
    case "INTEGER":
      return smallIntegers(new Int32Array(rows), 2_147_483_647);
    case "BIGINT":
      return wideIntegers(rows, 8, 63);
    case "HUGEINT":
      return wideIntegers(rows, 16, 127);
    case "FLOAT":
      return floats(new Float32Array(rows));
    case "DOUBLE":
      return floats(new Float64Array(rows));
    case "DECIMAL":
      return decimals(type, rows);
    case "DATE":
      return dates(rows);
    case "TIMESTAMP":
    case "TIMESTAMPTZ":
      return timestamps(rows);
    case "TIME":
      return times(rows);
    case "TIMETZ":
      return zonedTimes(rows);
    case "UUID":
      return uuids(rows);
  }
}

function bytesOf({ buffer }: { readonly buffer: ArrayBuffer }): Uint8Array {
  return new Uint8Array(buffer);
}

function booleans(rows: number): CellWriter {
  const bytes = new Uint8Array(rows);
  return {
    bytes,
    width: 1,
    write: (row, text) => {
      bytes[row] = text === "true" ? 1 : 0;
      return undefined;
    },
  };
}

function smallIntegers(values: Int16Array<ArrayBuffer> | Int32Array<ArrayBuffer>, max: number): CellWriter {
  return {
    bytes: bytesOf(values),
    width: values.BYTES_PER_ELEMENT,
    write: (row, text) => {
      const value = Number(text);
      if (!Number.isInteger(value)) return WRONG_TYPE;
      if (value > max || value < -max - 1) return TOO_LARGE;
      values[row] = value;
      return undefined;
    },
  };
}

/** Digits that a double holds whatever they are. */
const SAFE_DIGITS = 15;

/** Integers of 8 or 16 bytes, little end first. What a double holds is written without making a bigint. */
class WideWriter {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly #words: Int32Array;
  readonly #halves: BigInt64Array;
  readonly #stride: number;

  constructor(rows: number, width: 8 | 16) {
    const buffer = new ArrayBuffer(rows * width);
    this.bytes = new Uint8Array(buffer);
    this.width = width;
    this.#words = new Int32Array(buffer);
    this.#halves = new BigInt64Array(buffer);
    this.#stride = width / 4;
  }

  small(row: number, value: number): void {
    const at = row * this.#stride;
    const high = Math.floor(value / 0x1_0000_0000);
    this.#words[at] = value - high * 0x1_0000_0000;
    this.#words[at + 1] = high;
    if (this.#stride === 2) return;
    const sign = value < 0 ? -1 : 0;
    this.#words[at + 2] = sign;
    this.#words[at + 3] = sign;
  }

  large(row: number, value: bigint): void {
    const at = row * (this.#stride / 2);
    this.#halves[at] = BigInt.asIntN(64, value);
    if (this.#stride === 4) this.#halves[at + 1] = value >> 64n;
  }
}

function wideIntegers(rows: number, width: 8 | 16, bits: number): CellWriter {
  const writer = new WideWriter(rows, width);
  const limit = 1n << BigInt(bits);
  return {
    bytes: writer.bytes,
    width,
    write: (row, text) => {
      if (text.length <= SAFE_DIGITS) {
        const value = Number(text);
        if (!Number.isInteger(value)) return WRONG_TYPE;
        writer.small(row, value);
        return undefined;
      }
      const value = parseInteger(text);
      if (value === undefined) return WRONG_TYPE;
      if (value >= limit || value < -limit) return TOO_LARGE;
      writer.large(row, value);
      return undefined;
    },
  };
}

function floats(values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>): CellWriter {
  return {
    bytes: bytesOf(values),
    width: values.BYTES_PER_ELEMENT,
    write: (row, text) => {
      const value = Number(text);
      values[row] = value;
      const kept = values[row] ?? 0;
      const finite = text !== "Infinity" && text !== "-Infinity" && text !== "NaN";
      if (finite && !Number.isFinite(kept)) return Number.isNaN(value) ? WRONG_TYPE : TOO_LARGE;
      return kept === 0 && /[1-9]/.test(text.split(/[eE]/)[0] ?? "") ? ROUNDED : undefined;
    },
  };
}

/** DuckDB keeps DECIMAL as an integer of 2, 4, 8 or 16 bytes, by precision. */
function decimals(type: DecimalType, rows: number): CellWriter {
  const { precision, scale } = type;
  const limit = 10 ** Math.min(precision, SAFE_DIGITS + 1);
  const target = decimalTarget(precision, rows);
  const slow = (row: number, text: string): Misfit | undefined => {
    const value = parseDecimal(text);
    if (typeof value !== "object") return WRONG_TYPE;
    const fitted = roundDecimal(value, precision, scale);
    if (fitted === undefined) return TOO_LARGE;
    target.large(row, fitted.unscaled);
    return fitted.rounded ? ROUNDED : undefined;
  };
  return {
    bytes: target.bytes,
    width: target.width,
    write: (row, text) => {
      const value = scaled(text, scale);
      if (value === undefined) return slow(row, text);
      if (value >= limit || value <= -limit) return TOO_LARGE;
      target.small(row, value);
      return undefined;
    },
  };
}

interface DecimalTarget {
  readonly bytes: Uint8Array;
  readonly width: number;
  small(row: number, value: number): void;
  large(row: number, value: bigint): void;
}

function decimalTarget(precision: number, rows: number): DecimalTarget {
  if (precision > 9) return new WideWriter(rows, precision > 18 ? 16 : 8);
  const values = precision > 4 ? new Int32Array(rows) : new Int16Array(rows);
  const small = (row: number, value: number): void => void (values[row] = value);
  return {
    bytes: bytesOf(values),
    width: values.BYTES_PER_ELEMENT,
    small,
    large: (row, value) => small(row, Number(value)),
  };
}

/** The value times 10^scale where plain digits fit a double and no more of them stand after the point; else undefined. */
function scaled(text: string, scale: number): number | undefined {
  const negative = text.charCodeAt(0) === 45;
  let value = 0;
  let places = -1;
  let digits = 0;
  for (let at = negative ? 1 : 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit === -2 && places < 0) {
      places = 0;
      continue;
    }
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
    digits += 1;
    if (places >= 0) places += 1;
  }
  const missing = scale - Math.max(places, 0);
  if (missing < 0 || digits === 0 || digits + missing > SAFE_DIGITS) return undefined;
  const whole = value * (TENS[missing] ?? 1);
  return negative ? -whole : whole;
}

const TENS = Array.from({ length: SAFE_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Days since 1970 that DuckDB's DATE goes to on either side; one more is infinity. */
export const MAX_DAYS = 2_147_483_646;

function dates(rows: number): CellWriter {
  const values = new Int32Array(rows);
  return {
    bytes: bytesOf(values),
    width: 4,
    write: (row, text) => {
      const days = parseDate(text);
      if (days === undefined) return WRONG_TYPE;
      if (days === "infinity" || days === "-infinity") {
        values[row] = days === "infinity" ? MAX_DAYS + 1 : -MAX_DAYS - 1;
        return undefined;
      }
      if (days > MAX_DAYS || days < -MAX_DAYS) return TOO_LARGE;
      values[row] = days;
      return undefined;
    },
  };
}

/** Microseconds since 1970: 290309-12-22 (BC) to 294247-01-10 04:00:54.775806. */
export const MIN_MICROS = -9_223_372_022_400_000_000n;
export const MAX_MICROS = 9_223_372_036_854_775_806n;

function timestamps(rows: number): CellWriter {
  const values = new BigInt64Array(rows);
  return {
    bytes: bytesOf(values),
    width: 8,
    write: (row, text) => {
      const found = parseTimestamp(text);
      if (found === undefined) return WRONG_TYPE;
      if (typeof found === "string") {
        values[row] = found === "infinity" ? MAX_MICROS + 1n : -MAX_MICROS - 1n;
        return undefined;
      }
      if (found.micros > MAX_MICROS || found.micros < MIN_MICROS) return TOO_LARGE;
      values[row] = found.micros;
      return undefined;
    },
  };
}

function times(rows: number): CellWriter {
  const values = new BigInt64Array(rows);
  return {
    bytes: bytesOf(values),
    width: 8,
    write: (row, text) => {
      const time = parseTime(text);
      if (time === undefined) return WRONG_TYPE;
      values[row] = time.micros;
      return undefined;
    },
  };
}

/** Greatest offset of a TIMETZ, in seconds; the value is kept above the offset counted down from it. */
const MAX_OFFSET = 16 * 3600 - 1;

function zonedTimes(rows: number): CellWriter {
  const values = new BigInt64Array(rows);
  return {
    bytes: bytesOf(values),
    width: 8,
    write: (row, text) => {
      const time = parseTime(text);
      if (time === undefined) return WRONG_TYPE;
      const offset = time.offsetSeconds ?? 0;
      if (Math.abs(offset) > MAX_OFFSET) return TOO_LARGE;
      values[row] = (time.micros << 24n) | BigInt(MAX_OFFSET - offset);
      return undefined;
    },
  };
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** Kept as a signed integer of 16 bytes with the first bit flipped, so that they sort as text does. */
function uuids(rows: number): CellWriter {
  const writer = new WideWriter(rows, 16);
  return {
    bytes: writer.bytes,
    width: 16,
    write: (row, text) => {
      if (!UUID.test(text)) return WRONG_TYPE;
      const value = BigInt(`0x${text.replaceAll("-", "")}`);
      writer.large(row, BigInt.asIntN(128, value ^ (1n << 127n)));
      return undefined;
    },
  };
}
