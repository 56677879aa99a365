import { parseIsoUtc } from "../expressions/datetime/index.ts";
import { PythonError } from "../expressions/python-error.ts";

const LAST_SECOND = 253_402_300_799;

/** An expiry in seconds since 1970 or as ISO 8601, UTC where it names no zone, in milliseconds; null where it is neither. */
export function instantOf(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d{1,12}$/.test(trimmed)) {
    const seconds = Number(trimmed);
    return seconds <= LAST_SECOND ? seconds * 1000 : null;
  }
  const iso = isoMillis(trimmed.replace(" ", "T"));
  if (iso !== null) return iso;
  const other = Date.parse(trimmed);
  return Number.isNaN(other) ? null : other;
}

function isoMillis(text: string): number | null {
  try {
    return parseIsoUtc(text).timestamp() * 1000;
  } catch (error) {
    if (error instanceof PythonError) return null;
    throw error;
  }
}

/** As configurations keep it: seconds or microseconds, and the zone with a colon. */
export function instantText(milliseconds: number): string {
  const [whole = "", fraction = "000"] = new Date(milliseconds).toISOString().slice(0, -1).split(".");
  return `${whole}${fraction === "000" ? "" : `.${fraction}000`}+00:00`;
}
