import {
  CalendarDate,
  Duration,
  Moment,
  parseIso,
  strftime,
  strptime,
  Timedelta,
  UTC,
  type Zone,
} from "../datetime/index.ts";
import { PythonError, typeError } from "../python-error.ts";
import { float, isNumeric, toFloat } from "../values/numbers.ts";
import { Namespace, Tuple } from "../values/types.ts";
import { asIndex, asText } from "./checked.ts";
import { methods, type Methods } from "./table.ts";
import { daysOf, isoWeekOf } from "../datetime/calendar.ts";

function zoneValue(zone: Zone | null): unknown {
  return zone === null
    ? null
    : new Namespace(zone.name, new Map<string, unknown>([["utcoffset", zone.offset]]));
}

function zoneOfValue(value: unknown): Zone | null {
  if (value === null) return null;
  const offset = value instanceof Namespace ? value.attributes.get("utcoffset") : undefined;
  if (typeof offset !== "number" || !(value instanceof Namespace))
    throw typeError("tzinfo argument must be None or of a tzinfo subclass");
  return { offset, name: value.className };
}

function isoWeek(days: number): Tuple {
  const { year, week, weekday } = isoWeekOf(days);
  return Tuple.holding([year, week, weekday]);
}

function isoformat(self: Moment, separator: unknown, precision: unknown): string {
  const text = self.isoformat(separator === undefined ? "T" : asText(separator));
  if (precision === undefined || precision === "auto") return text;
  const match = /^(.{10}.)(\d\d)(:\d\d)(:\d\d)(?:\.\d+)?(.*)$/s.exec(text);
  const [, date = "", hours = "", minutes = "", seconds = "", zone = ""] = match ?? [];
  const fraction = strftime(self, "%f");
  const clocks = new Map<unknown, string>([
    ["hours", hours],
    ["minutes", hours + minutes],
    ["seconds", hours + minutes + seconds],
    ["milliseconds", `${hours}${minutes}${seconds}.${fraction.slice(0, 3)}`],
    ["microseconds", `${hours}${minutes}${seconds}.${fraction}`],
  ]);
  const clock = clocks.get(precision);
  if (clock === undefined) throw new PythonError("ValueError", "Unknown timespec value");
  return date + clock + zone;
}

function part(value: unknown, known: number): number {
  return value === undefined ? known : asIndex(value);
}

function fromTimestamp(value: unknown, zone: unknown): Moment {
  if (!isNumeric(value)) throw typeError("a timestamp must be a number");
  const moment = Moment.fromSeconds(toFloat(value));
  const target = zone === undefined ? null : zoneOfValue(zone);
  return target === null ? moment.withZone(null) : moment.inZone(target);
}

export const MOMENT_METHODS: Methods<Moment> = methods<Moment>({
  "astimezone tz?": (self, tz) => self.inZone((tz === undefined ? UTC : zoneOfValue(tz)) ?? UTC),
  ctime: (self) => strftime(self, "%c"),
  date: (self) => self.date,
  "fromisoformat text": (_self, text) => parseIso(asText(text)),
  "fromtimestamp timestamp tz?": (_self, timestamp, tz) => fromTimestamp(timestamp, tz),
  isocalendar: (self) => isoWeek(self.date.days),
  "isoformat sep? timespec?": (self, separator, precision) => isoformat(self, separator, precision),
  isoweekday: (self) => self.weekday + 1,
  "replace year? month? day? hour? minute? second? microsecond? tzinfo?": (self, ...given) => {
    const { year, month, day } = self.civil;
    return Moment.of({
      year: part(given[0], year),
      month: part(given[1], month),
      day: part(given[2], day),
      hour: part(given[3], self.hour),
      minute: part(given[4], self.minute),
      second: part(given[5], self.second),
      microsecond: part(given[6], self.microsecond),
      zone: given[7] === undefined ? self.zone : zoneOfValue(given[7]),
    });
  },
  "strftime format": (self, format) => strftime(self, asText(format)),
  "strptime text format": (_self, text, format) => strptime(asText(text), asText(format)),
  timestamp: (self) => float(self.timestamp()),
  toordinal: (self) => self.date.days - daysOf(1, 1, 1) + 1,
  tzname: (self) => self.zone?.name ?? null,
  "utcfromtimestamp timestamp": (_self, timestamp) => fromTimestamp(timestamp, undefined),
  utcoffset: (self) => (self.zone === null ? null : new Timedelta(self.zone.offset)),
  weekday: (self) => self.weekday,
});

export const DATE_METHODS: Methods<CalendarDate> = methods<CalendarDate>({
  ctime: (self) => strftime(self, "%c"),
  isocalendar: (self) => isoWeek(self.days),
  isoformat: (self) => self.isoformat(),
  isoweekday: (self) => self.weekday + 1,
  "replace year? month? day?": (self, ...given) =>
    CalendarDate.of(
      part(given[0], self.civil.year),
      part(given[1], self.civil.month),
      part(given[2], self.civil.day),
    ),
  "strftime format": (self, format) => strftime(self, asText(format)),
  toordinal: (self) => self.days - daysOf(1, 1, 1) + 1,
  weekday: (self) => self.weekday,
});

export const SPAN_METHODS: Methods<Timedelta> = methods<Timedelta>({
  total_seconds: (self) => float(self.totalSeconds()),
});

/** Attributes of dates and spans that are no methods; undefined where there is none. */
export function timeAttribute(value: unknown, name: string): unknown {
  if (value instanceof Moment) return momentAttribute(value, name);
  if (value instanceof CalendarDate) return civilAttribute(value, name);
  if (value instanceof Duration) {
    if (name === "years" || name === "months") return value[name];
    return name === "tdelta" ? value.span : timeAttribute(value.span, name);
  }
  if (value instanceof Timedelta && (name === "days" || name === "seconds" || name === "microseconds"))
    return value[name];
  return undefined;
}

function momentAttribute(value: Moment, name: string): unknown {
  switch (name) {
    case "hour":
    case "minute":
    case "second":
    case "microsecond":
      return value[name];
    case "tzinfo":
      return zoneValue(value.zone);
    default:
      return civilAttribute(value, name);
  }
}

function civilAttribute(value: Moment | CalendarDate, name: string): unknown {
  return name === "year" || name === "month" || name === "day" ? value.civil[name] : undefined;
}
