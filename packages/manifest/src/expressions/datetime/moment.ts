import { overflowError, typeError, valueError } from "../python-error.ts";
import { civilOf, type CivilDate, DAY_SECONDS, daysInMonth, daysOf, weekdayOf } from "./calendar.ts";
import { pad, roundHalfEven, Timedelta } from "./timedelta.ts";

const MIN_DAYS = daysOf(1, 1, 1);
const MAX_DAYS = daysOf(9999, 12, 31);

/** A fixed distance from UTC. `name` is what `%Z` prints. */
export interface Zone {
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly name: string;
}

export const UTC: Zone = { offset: 0, name: "UTC" };

export function zoneOf(offset: number): Zone {
  if (!(Math.abs(offset) < DAY_SECONDS)) throw valueError("an offset must be less than a day");
  return offset === 0 ? UTC : { offset, name: `UTC${offsetText(offset, ":")}` };
}

/** `+0530` or, with ":", `+05:30`; seconds only where there are some. */
export function offsetText(offset: number, separator: string): string {
  const size = Math.abs(offset);
  const seconds = size % 60 === 0 ? "" : separator + pad(size % 60, 2);
  return `${offset < 0 ? "-" : "+"}${pad(Math.floor(size / 3600), 2)}${separator}${pad(Math.floor(size / 60) % 60, 2)}${seconds}`;
}

/** Python's date: a day from year 1 to 9999. */
export class CalendarDate {
  /** Days since 1970-01-01. */
  readonly days: number;
  #civil: CivilDate | undefined;

  constructor(days: number) {
    if (!(days >= MIN_DAYS && days <= MAX_DAYS)) throw overflowError("date value out of range");
    this.days = days;
  }

  static of(year: number, month: number, day: number): CalendarDate {
    return new CalendarDate(checkedDays(year, month, day));
  }

  get civil(): CivilDate {
    return (this.#civil ??= civilOf(this.days));
  }

  get weekday(): number {
    return weekdayOf(this.days);
  }

  /** A date takes only the days of a span. */
  plus(delta: Timedelta): CalendarDate {
    return new CalendarDate(this.days + delta.days);
  }

  compare(other: CalendarDate): number {
    return this.days - other.days;
  }

  isoformat(): string {
    const { year, month, day } = this.civil;
    return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  }

  toString(): string {
    return this.isoformat();
  }
}

export interface MomentParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  readonly microsecond?: number;
  readonly zone?: Zone | null;
}

/** Python's datetime: what a calendar and a clock show, with microseconds, in a fixed zone or (null) in none. */
export class Moment {
  /** Seconds from 1970-01-01T00:00:00 to what calendar and clock show, the zone left aside. */
  readonly local: number;
  /** 0 to 999,999. */
  readonly microsecond: number;
  readonly zone: Zone | null;
  #civil: CivilDate | undefined;

  constructor(local: number, microsecond: number, zone: Zone | null) {
    const days = Math.floor(local / DAY_SECONDS);
    if (!(days >= MIN_DAYS && days <= MAX_DAYS)) throw overflowError("date value out of range");
    this.local = local;
    this.microsecond = microsecond;
    this.zone = zone;
  }

  /** Fails with a ValueError where a part is out of range. */
  static of(parts: MomentParts): Moment {
    const { hour = 0, minute = 0, second = 0, microsecond = 0 } = parts;
    const days = checkedDays(parts.year, parts.month, parts.day);
    if (!isWithin(hour, 23)) throw valueError("hour must be in 0..23");
    if (!isWithin(minute, 59)) throw valueError("minute must be in 0..59");
    if (!isWithin(second, 59)) throw valueError("second must be in 0..59");
    if (!isWithin(microsecond, 999_999)) throw valueError("microsecond must be in 0..999999");
    return new Moment(
      days * DAY_SECONDS + hour * 3600 + minute * 60 + second,
      microsecond,
      parts.zone ?? null,
    );
  }

  /** In UTC, from milliseconds since 1970 with a fraction; rounded half to even microseconds. */
  static fromMilliseconds(milliseconds: number): Moment {
    return Moment.fromSeconds(Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1000);
  }

  /** In UTC, from seconds since 1970 and microseconds on top, each with a fraction or not. */
  static fromSeconds(seconds: number, microseconds = 0): Moment {
    const whole = Math.floor(seconds);
    const micros = roundHalfEven(
      (seconds - whole) * 1e6 + (microseconds < 0 ? microseconds + 1e6 : microseconds),
    );
    const carried = Math.floor(micros / 1e6);
    if (!(whole >= MIN_DAYS * DAY_SECONDS && whole + carried < (MAX_DAYS + 1) * DAY_SECONDS))
      throw valueError("year is out of range");
    return new Moment(whole + carried, micros - carried * 1e6, UTC);
  }

  get date(): CalendarDate {
    return new CalendarDate(Math.floor(this.local / DAY_SECONDS));
  }

  get civil(): CivilDate {
    return (this.#civil ??= civilOf(Math.floor(this.local / DAY_SECONDS)));
  }

  get secondOfDay(): number {
    return this.local - Math.floor(this.local / DAY_SECONDS) * DAY_SECONDS;
  }

  get hour(): number {
    return Math.floor(this.secondOfDay / 3600);
  }

  get minute(): number {
    return Math.floor(this.secondOfDay / 60) % 60;
  }

  get second(): number {
    return this.secondOfDay % 60;
  }

  get weekday(): number {
    return weekdayOf(Math.floor(this.local / DAY_SECONDS));
  }

  /** Whole seconds since 1970 in UTC; without a zone, as though in UTC. */
  get epoch(): number {
    return this.local - (this.zone?.offset ?? 0);
  }

  /** Seconds since 1970 as a float. */
  timestamp(): number {
    return (this.epoch * 1e6 + this.microsecond) / 1e6;
  }

  /** The same clock reading in another zone, or in none. */
  withZone(zone: Zone | null): Moment {
    return new Moment(this.local, this.microsecond, zone);
  }

  /** The same instant as a clock in that zone shows it. */
  inZone(zone: Zone): Moment {
    return new Moment(this.epoch + zone.offset, this.microsecond, zone);
  }

  plus(delta: Timedelta): Moment {
    const micros = this.microsecond + delta.microseconds;
    const carried = micros >= 1e6 ? 1 : 0;
    return new Moment(this.local + delta.total + carried, micros - carried * 1e6, this.zone);
  }

  /** Fails with a TypeError where only one of the two has a zone. */
  minus(other: Moment): Timedelta {
    if ((this.zone === null) !== (other.zone === null))
      throw typeError("can't subtract offset-naive and offset-aware datetimes");
    return new Timedelta(this.epoch - other.epoch, this.microsecond - other.microsecond);
  }

  /** Fails with a TypeError where only one of the two has a zone. */
  compare(other: Moment): number {
    if ((this.zone === null) !== (other.zone === null))
      throw typeError("can't compare offset-naive and offset-aware datetimes");
    return this.epoch - other.epoch || this.microsecond - other.microsecond;
  }

  equals(other: Moment): boolean {
    return (this.zone === null) === (other.zone === null) && this.compare(other) === 0;
  }

  isoformat(separator = "T"): string {
    const { year, month, day } = this.civil;
    const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
    const clock = `${pad(this.hour, 2)}:${pad(this.minute, 2)}:${pad(this.second, 2)}`;
    const fraction = this.microsecond === 0 ? "" : `.${pad(this.microsecond, 6)}`;
    const offset = this.zone === null ? "" : offsetText(this.zone.offset, ":");
    return `${date}${separator}${clock}${fraction}${offset}`;
  }

  /** As Python's `str`: a blank between date and time. */
  toString(): string {
    return this.isoformat(" ");
  }
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}

function checkedDays(year: number, month: number, day: number): number {
  if (!(year >= 1 && year <= 9999)) throw valueError(`year ${year} is out of range`);
  if (!(month >= 1 && month <= 12)) throw valueError("month must be in 1..12");
  if (!(day >= 1 && day <= daysInMonth(year, month))) throw valueError("day is out of range for month");
  return daysOf(year, month, day);
}
