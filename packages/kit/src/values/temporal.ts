import {
  daysInMonth,
  daysOf,
  formatDate,
  formatTime,
  formatTimestamp,
  MICROS_PER_DAY,
  two,
} from "./calendar.ts";
import type { Misfit } from "./misfit.ts";
import { truncated, WRONG_TYPE } from "./misfit.ts";

/**
 * Reading of dates and times. Beside canonical text the forms Airbyte's destinations take are understood: `/` and `.`
 * in dates, `HH:MM`, offsets `+HHMM`, ` UTC` and after a blank, digits beyond microseconds (dropped), no offset where
 * one is due (UTC), an offset where none is due (the wall clock stays). A date alone is midnight where a timestamp is
 * due. Refused are days that no calendar has, year 0, signs before years, second 60, and words such as `today`.
 */

/** What the last scan found. One object for all: it is read before the next scan, and a scan allocates nothing. */
const found = {
  year: 0,
  month: 0,
  day: 0,
  /** Since midnight. */
  micros: 0,
  /** Seconds east of UTC; NaN where the text has no offset. */
  offset: Number.NaN,
  bc: false,
  /** The text is canonical as it stands. */
  canonical: true,
  /** Digits beyond microseconds other than zero. */
  cut: false,
};

/** Two digits at `at` as a number, or -1. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function reset(): void {
  found.micros = 0;
  found.offset = Number.NaN;
  found.bc = false;
  found.canonical = true;
  found.cut = false;
}

/** Scans `YYYY-MM-DD` with 4 to 9 digits of year; returns the index after it, or -1. The day is checked by `endsWell`. */
function scanDate(text: string): number {
  let at = 0;
  let year = 0;
  for (; at < 10; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    year = year * 10 + digit;
  }
  if (at < 4 || at > 9 || year === 0) return -1;
  const separator = text.charCodeAt(at);
  if (separator !== 45) {
    if (separator !== 47 && separator !== 46) return -1;
    found.canonical = false;
  }
  if (text.charCodeAt(at + 3) !== separator) return -1;
  found.year = year;
  found.month = twoDigits(text, at + 1);
  found.day = twoDigits(text, at + 4);
  return found.month < 1 || found.month > 12 || found.day < 1 ? -1 : at + 6;
}

/** Scans `HH:MM[:SS[.fraction]]`; returns the index after it, or -1. 24:00 is left to the caller. */
function scanTime(text: string, from: number): number {
  const hour = twoDigits(text, from);
  const minute = twoDigits(text, from + 3);
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || text.charCodeAt(from + 2) !== 58) return -1;
  let at = from + 5;
  let second = 0;
  if (text.charCodeAt(at) === 58) {
    second = twoDigits(text, at + 1);
    if (second < 0 || second > 59) return -1;
    at += 3;
  } else {
    found.canonical = false;
  }
  found.micros = (hour * 3600 + minute * 60 + second) * 1_000_000;
  if (text.charCodeAt(at) === 46) at = scanFraction(text, at + 1);
  return found.micros > MICROS_PER_DAY ? -1 : at;
}

function scanFraction(text: string, from: number): number {
  let at = from;
  let unit = 100_000;
  for (; ; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    if (unit >= 1) found.micros += digit * unit;
    else if (digit > 0) found.cut = true;
    unit = Math.floor(unit / 10);
  }
  if (at - from > 6) found.canonical = false;
  return at === from ? -1 : at;
}

/** Scans `Z`, `UTC` or `+HH[[:]MM[[:]SS]]`; returns the index after it, `from` when there is none, or -1. */
function scanOffset(text: string, from: number): number {
  let at = from;
  if (text.charCodeAt(at) === 32 && text.charCodeAt(at + 1) !== 66) {
    at++;
    found.canonical = false;
  }
  const first = text.charCodeAt(at);
  if (first === 90 || first === 122) {
    if (first === 122) found.canonical = false;
    found.offset = 0;
    return at + 1;
  }
  if (text.startsWith("UTC", at)) {
    found.offset = 0;
    found.canonical = false;
    return at + 3;
  }
  if (first !== 43 && first !== 45) return at === from ? from : -1;
  return scanOffsetDigits(text, at + 1, first === 45 ? -1 : 1);
}

/** Java's limit; PostgreSQL's is just below 16 hours, so greater offsets are written as UTC. */
const MAX_OFFSET = 18 * 3600;

function scanOffsetDigits(text: string, from: number, sign: number): number {
  let seconds = twoDigits(text, from) * 3600;
  let at = from + 2;
  if (seconds < 0) return -1;
  for (let unit = 60; unit >= 1; unit /= 60) {
    const colon = text.charCodeAt(at) === 58;
    const value = twoDigits(text, colon ? at + 1 : at);
    if (value < 0) {
      if (colon) return -1;
      break;
    }
    if (value > 59) return -1;
    if (!colon) found.canonical = false;
    seconds += value * unit;
    at += colon ? 3 : 2;
  }
  if (seconds > MAX_OFFSET) return -1;
  if (seconds >= 16 * 3600) found.canonical = false;
  found.offset = sign * seconds;
  return at;
}

/** Whether the text ends at `at`, apart from ` BC`, and the day exists. Makes the year astronomical. */
function endsWell(text: string, at: number): boolean {
  if (at < 0) return false;
  if (at !== text.length) {
    if (at + 3 !== text.length || !text.endsWith(" BC")) return false;
    found.bc = true;
    found.year = 1 - found.year;
  }
  return found.day <= 28 || found.day <= daysInMonth(found.year, found.month);
}

function scanDateAlone(text: string): boolean {
  reset();
  return endsWell(text, scanDate(text));
}

function scanTimestamp(text: string): boolean {
  reset();
  let at = scanDate(text);
  if (at < 0) return false;
  const separator = text.charCodeAt(at);
  if (separator === 84 || separator === 116 || (separator === 32 && text.charCodeAt(at + 1) !== 66)) {
    if (separator === 116) found.canonical = false;
    at = scanTime(text, at + 1);
    if (at < 0 || found.micros === MICROS_PER_DAY) return false;
    at = scanOffset(text, at);
  } else {
    found.canonical = false;
  }
  return endsWell(text, at);
}

function scanTimeAlone(text: string): boolean {
  reset();
  const at = scanTime(text, 0);
  return at > 0 && scanOffset(text, at) === text.length;
}

function foundDays(): number {
  return daysOf(found.year, found.month, found.day);
}

/** Microseconds since 1970 of the last scan: the instant, or the wall clock when `zoned` is false. */
function foundMicros(zoned: boolean): bigint {
  const shift = zoned && !Number.isNaN(found.offset) ? found.offset * 1_000_000 : 0;
  const days = foundDays();
  const rest = found.micros - shift;
  // Below 2^53 microseconds (the years 1685 to 2255) doubles are exact and a third faster.
  if (days > -104_000 && days < 104_000) return BigInt(days * MICROS_PER_DAY + rest);
  return BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(rest);
}

function isInfinite(text: string): text is "infinity" | "-infinity" {
  return text === "infinity" || text === "-infinity";
}

/** Days since 1970-01-01. Undefined when the text is no date. */
export function parseDate(text: string): number | "infinity" | "-infinity" | undefined {
  if (scanDateAlone(text)) return foundDays();
  return isInfinite(text) ? text : undefined;
}

/** Microseconds since 1970-01-01 UTC, the offset applied; without an offset the clock is taken as UTC. */
export function parseTimestamp(
  text: string,
): { readonly micros: bigint } | "infinity" | "-infinity" | undefined {
  if (scanTimestamp(text)) return { micros: foundMicros(true) };
  return isInfinite(text) ? text : undefined;
}

/** Microseconds since midnight on the wall clock, and seconds east of UTC where the text has an offset. */
export function parseTime(
  text: string,
): { readonly micros: bigint; readonly offsetSeconds?: number } | undefined {
  if (!scanTimeAlone(text)) return undefined;
  const micros = BigInt(found.micros);
  return Number.isNaN(found.offset) ? { micros } : { micros, offsetSeconds: found.offset };
}

export function dateText(text: string): string | Misfit {
  if (scanDateAlone(text)) return found.canonical ? text : formatDate(foundDays());
  if (isInfinite(text)) return text;
  if (!scanTimestamp(text)) return WRONG_TYPE;
  const date = formatDate(foundDays());
  return found.micros === 0 && !found.cut ? date : truncated(date);
}

export function timestampText(text: string, zoned: boolean): string | Misfit {
  if (!scanTimestamp(text)) return isInfinite(text) ? text : WRONG_TYPE;
  if (found.canonical && Number.isNaN(found.offset) !== zoned) return text;
  if (found.canonical && zoned && !found.bc) return `${text}+00`;
  const { cut } = found;
  const written = formatTimestamp(foundMicros(zoned), zoned ? "+00" : "");
  return cut ? truncated(written) : written;
}

export function timeText(text: string, zoned: boolean): string | Misfit {
  if (!scanTimeAlone(text)) return WRONG_TYPE;
  if (found.canonical && Number.isNaN(found.offset) !== zoned) return text;
  if (Math.abs(found.offset) >= 16 * 3600) return WRONG_TYPE;
  const written = formatTime(found.micros) + (zoned ? offsetText(found.offset) : "");
  return found.cut ? truncated(written) : written;
}

function offsetText(offset: number): string {
  if (Number.isNaN(offset)) return "+00";
  const seconds = Math.abs(offset);
  const rest = seconds % 3600;
  const minutes =
    rest === 0 ? "" : `:${two(Math.floor(rest / 60))}${rest % 60 === 0 ? "" : `:${two(rest % 60)}`}`;
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(seconds / 3600))}${minutes}`;
}
