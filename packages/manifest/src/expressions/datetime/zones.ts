import { PythonError } from "../python-error.ts";
import type { CalendarDate } from "./moment.ts";
import { Moment, UTC } from "./moment.ts";

/** The day that a calendar in an IANA zone shows at an instant. Fails with an UnknownTimeZoneError. */
export function dateInZone(milliseconds: number, zone: unknown): CalendarDate {
  if (typeof zone !== "string" || !/^[A-Za-z][\w+\-/]{0,99}$/.test(zone))
    throw new PythonError("UnknownTimeZoneError", String(zone).slice(0, 100));
  return Moment.fromMilliseconds(milliseconds + offsetAt(milliseconds, zone)).date;
}

function offsetAt(milliseconds: number, timeZone: string): number {
  if (timeZone.toUpperCase() === "UTC") return UTC.offset;
  let formatter: Intl.DateTimeFormat;
  try {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw new PythonError("UnknownTimeZoneError", timeZone);
  }
  const parts = new Map(
    formatter.formatToParts(milliseconds).map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return local - Math.floor(milliseconds / 1000) * 1000;
}
