import { PythonError, valueError } from "../python-error.ts";
import { Moment, UTC } from "./moment.ts";
import { strftime } from "./strftime.ts";
import { strptime } from "./strptime.ts";
import { Timedelta } from "./timedelta.ts";

/**
 * Reads a text or a number by a format as cursors write them: strptime's directives, and whole formats that count from 1970:
 * `%s` (seconds), `%s_as_float`, `%ms`, `%epoch_microseconds`; `%_ms` stands for a fraction. Without a zone it is UTC.
 * Fails with a ValueError.
 */
export function parseByFormat(value: string | number | bigint, format: string): Moment {
  switch (format) {
    case "%s":
      return Moment.fromSeconds(Number(wholeNumber(value)));
    case "%s_as_float":
      return Moment.fromSeconds(decimal(value));
    case "%ms": {
      const count = wholeNumber(value);
      return sinceEpoch(Number(count / 1000n), Number(count % 1000n) * 1000);
    }
    case "%epoch_microseconds": {
      const count = wholeNumber(value);
      return sinceEpoch(Number(count / 1_000_000n), Number(count % 1_000_000n));
    }
    default: {
      const parsed = strptime(String(value), format.replaceAll("%_ms", "%f"));
      return parsed.zone === null ? parsed.withZone(UTC) : parsed;
    }
  }
}

function sinceEpoch(seconds: number, microseconds: number): Moment {
  return new Moment(0, 0, UTC).plus(new Timedelta(seconds, microseconds));
}

function wholeNumber(value: string | number | bigint): bigint {
  if (typeof value === "bigint") return value;
  const text = typeof value === "number" ? String(Math.trunc(value)) : value.trim();
  if (!/^[+-]?\d{1,30}$/.test(text)) throw valueError("invalid literal for int() with base 10");
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

function decimal(value: string | number | bigint): number {
  const text = String(value).trim();
  const number = Number(text);
  if (text === "" || Number.isNaN(number)) throw valueError("could not convert string to float");
  if (!Number.isFinite(number))
    throw new PythonError("OverflowError", "cannot convert float infinity to integer");
  return number;
}

/** Writes by a format as `parseByFormat` reads it. */
export function formatByFormat(moment: Moment, format: string): string {
  switch (format) {
    case "%s":
      return String(Math.trunc(moment.timestamp()));
    case "%s_as_float": {
      const seconds = moment.timestamp();
      return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
    }
    case "%ms":
      return String(Math.trunc(moment.timestamp() * 1000));
    case "%epoch_microseconds":
      return String(Math.trunc(moment.timestamp() * 1e6));
    default: {
      if (!format.includes("%_ms")) return strftime(moment, format);
      // The six digits are replaced wherever they stand, as the reference does.
      const text = strftime(moment, format.replaceAll("%_ms", "%f"));
      const digits = strftime(moment, "%f");
      return text.replaceAll(digits, digits.slice(0, 3));
    }
  }
}
