import { PythonError, typeError, valueError } from "../python-error.ts";
import { daysInMonth } from "./calendar.ts";
import { parseIso } from "./iso.ts";
import { CalendarDate, Moment } from "./moment.ts";
import { Timedelta } from "./timedelta.ts";

/** Years and months, whose length the calendar says, and a span of time. */
export class Duration {
  readonly years: number;
  readonly months: number;
  readonly span: Timedelta;

  constructor(years: number, months: number, span: Timedelta) {
    this.years = years;
    this.months = months;
    this.span = span;
  }

  negated(): Duration {
    return new Duration(-this.years, -this.months, this.span.negated());
  }

  plus(other: Duration | Timedelta): Duration {
    return other instanceof Duration
      ? new Duration(this.years + other.years, this.months + other.months, this.span.plus(other.span))
      : new Duration(this.years, this.months, this.span.plus(other));
  }

  times(factor: number): Duration {
    return new Duration(this.years * factor, this.months * factor, this.span.times(factor));
  }

  equals(other: Duration | Timedelta): boolean {
    if (other instanceof Duration)
      return (
        this.years * 12 + this.months === other.years * 12 + other.months &&
        this.span.compare(other.span) === 0
      );
    return this.years === 0 && this.months === 0 && this.span.compare(other) === 0;
  }

  isZero(): boolean {
    return this.years === 0 && this.months === 0 && this.span.isZero();
  }

  toString(): string {
    const parts: string[] = [];
    if (this.years !== 0) parts.push(`${this.years} ${this.years <= 1 ? "year" : "years"}`);
    if (this.months !== 0) parts.push(`${this.months} ${this.months <= 1 ? "month" : "months"}`);
    parts.push(this.span.toString());
    return parts.join(", ");
  }

  repr(): string {
    return `isodate.duration.Duration(${this.span.days}, ${this.span.seconds}, ${this.span.microseconds}, years=${this.years}, months=${this.months})`;
  }
}

/** Years and months first, the day cut to the month's length, then the span. */
export function addDuration<T extends Moment | CalendarDate>(value: T, duration: Duration | Timedelta): T {
  if (duration instanceof Timedelta) return value.plus(duration) as T;
  if (!Number.isInteger(duration.years) || !Number.isInteger(duration.months))
    throw valueError("fractional years or months are not supported for datetime calculations");
  const { year, month, day } = value.civil;
  const index = month - 1 + duration.months;
  const newMonth = index - Math.floor(index / 12) * 12 + 1;
  const newYear = year + duration.years + Math.floor(index / 12);
  const moved = { year: newYear, month: newMonth, day: Math.min(day, daysInMonth(newYear, newMonth)) };
  if (value instanceof Moment) {
    const { hour, minute, second, microsecond, zone } = value;
    return Moment.of({ ...moved, hour, minute, second, microsecond, zone }).plus(duration.span) as T;
  }
  return CalendarDate.of(moved.year, moved.month, moved.day).plus(duration.span) as T;
}

const NUMBER = String.raw`(\d{1,15}(?:[.,]\d{1,15})?)`;
const PERIOD = new RegExp(
  `^([+-])?P(?!\\b)(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}W)?(?:${NUMBER}D)?` +
    `(?:T(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
);

/**
 * An ISO 8601 duration, `P1Y2M3DT4H` or `P0001-02-03T04:00:00`: a Timedelta where it names neither years nor months.
 * Fails with an ISO8601Error (a ValueError) or, for anything but text, a TypeError.
 */
export function parseDuration(text: unknown): Duration | Timedelta {
  if (typeof text !== "string") throw typeError("Expecting a string");
  const match = PERIOD.exec(text);
  if (match === null) return parseAlternative(text);
  const part = (index: number): number => Number((match[index] ?? "0").replace(",", "."));
  const span = Timedelta.of({
    weeks: part(4),
    days: part(5),
    hours: part(6),
    minutes: part(7),
    seconds: part(8),
  });
  const isNegative = match[1] === "-";
  if (part(2) === 0 && part(3) === 0) return isNegative ? span.negated() : span;
  const duration = new Duration(part(2), part(3), span);
  return isNegative ? duration.negated() : duration;
}

function parseAlternative(text: string): Duration | Timedelta {
  const match = /^P(\d{4})-?(\d\d)-?(\d\d)T(.{1,40})$/.exec(text);
  if (match === null) throw new PythonError("ISO8601Error", "unable to parse a duration");
  const time = parseIso(`2000-01-01T${match[4] ?? ""}`);
  const span = Timedelta.of({
    days: Number(match[3]),
    seconds: time.secondOfDay,
    microseconds: time.microsecond,
  });
  const years = Number(match[1]);
  const months = Number(match[2]);
  return years === 0 && months === 0 ? span : new Duration(years, months, span);
}
