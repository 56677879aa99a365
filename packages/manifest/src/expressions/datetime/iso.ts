import { valueError } from "../python-error.ts";
import { civilOf, daysOf, daysOfIsoWeek, isLeapYear } from "./calendar.ts";
import { Moment, UTC, type Zone, zoneOf } from "./moment.ts";
import { Timedelta } from "./timedelta.ts";

/** Python's int() of a few characters: blanks around and a sign are taken. */
function wholeNumber(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw valueError("invalid literal for int()");
  return Number(text);
}

interface DatePart {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly end: number;
}

/**
 * What dateutil's isoparse takes: a date (YYYY, YYYY-MM, YYYY-MM-DD, YYYYMMDD, weeks, days of the year), then any one
 * character, then a time with or without colons, fraction and zone. The zone stays; without one it is null.
 */
export function parseIso(text: string): Moment {
  if (!/^[\0-\x7f]*$/.test(text)) throw valueError("ISO-8601 strings should contain only ASCII characters");
  const { year, month, day, end } = parseDate(text);
  if (text.length <= end) return Moment.of({ year, month, day });
  const time = parseTime(text.slice(end + 1));
  const isNextDay = time.hour === 24;
  const moment = Moment.of({ year, month, day, ...time, hour: isNextDay ? 0 : time.hour });
  return isNextDay ? moment.plus(Timedelta.of({ days: 1 })) : moment;
}

/** As `parseIso`, in UTC; without a zone it is UTC already. */
export function parseIsoUtc(text: string): Moment {
  const moment = parseIso(text);
  return moment.zone === null ? moment.withZone(UTC) : moment.inZone(UTC);
}

function parseDate(text: string): DatePart {
  return parseCommonDate(text) ?? parseUncommonDate(text);
}

function parseCommonDate(text: string): DatePart | undefined {
  const match = /^(\d{4})(?:(-)?([\d ]\d|\d )(?:(-)?([\d ]\d|\d ))?)?/.exec(text);
  if (match === null) return undefined;
  const [whole, year, firstDash, month, secondDash, day] = match;
  const parts = { year: Number(year), month: Number(month ?? 1), day: Number(day ?? 1), end: whole.length };
  if (month === undefined) return text.length === 4 ? parts : undefined;
  if (day === undefined) return text.length === whole.length && firstDash === "-" ? parts : undefined;
  return firstDash === secondDash ? parts : undefined;
}

function parseUncommonDate(text: string): DatePart {
  const week = /^(\d{4})(-?)W(\d\d)(?:(-?)(\d))?/.exec(text);
  if (week !== null) {
    const [whole, year, dash, number, nextDash, weekday] = week;
    const ending = text.slice(whole.length);
    if (weekday !== undefined && dash !== nextDash) throw valueError("Inconsistent use of dash separator");
    if (weekday === undefined && ending !== "") throw valueError("Invalid ISO format");
    const weeks = Number(number);
    if (!(weeks > 0 && weeks < 54)) throw valueError(`Invalid week: ${weeks}`);
    const dayNumber = Number(weekday ?? 1);
    if (!(dayNumber > 0 && dayNumber < 8)) throw valueError(`Invalid weekday: ${dayNumber}`);
    return { ...civilOf(daysOfIsoWeek(Number(year), weeks, dayNumber)), end: whole.length };
  }
  const ordinal = /^(\d{4})-?(\d{3})/.exec(text);
  if (ordinal === null) throw valueError("Invalid ISO format");
  const year = Number(ordinal[1]);
  const day = Number(ordinal[2]);
  if (day < 1 || day > 365 + (isLeapYear(year) ? 1 : 0))
    throw valueError(`Invalid ordinal day ${day} for year ${year}`);
  return { ...civilOf(daysOf(year, 1, 1) + day - 1), end: ordinal[0].length };
}

interface TimePart {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly zone: Zone | null;
}

function parseTime(text: string): TimePart {
  if (text.length < 2) throw valueError("ISO time too short");
  const numbers = [0, 0, 0];
  let microsecond = 0;
  let zone: Zone | null = null;
  let at = 0;
  let isColoned = false;
  for (let part = 0; part < 5 && at < text.length; part++) {
    if ("-+Zz".includes(text.charAt(at))) {
      zone = parseZone(text.slice(at));
      at = text.length;
    } else if (part === 3) {
      const fraction = /^[.,](\d+)/.exec(text.slice(at));
      if (fraction === null) continue;
      microsecond = Number((fraction[1] ?? "").slice(0, 6).padEnd(6, "0"));
      at += fraction[0].length;
    } else if (part < 3) {
      if (part === 1 && text[at] === ":") {
        isColoned = true;
        at += 1;
      } else if (part === 2 && isColoned) {
        if (text[at] !== ":") throw valueError("Inconsistent use of colon separator");
        at += 1;
      }
      numbers[part] = wholeNumber(text.slice(at, at + 2));
      at += 2;
    }
  }
  if (at < text.length) throw valueError("Unused components in ISO string");
  const [hour = 0, minute = 0, second = 0] = numbers;
  if (hour === 24 && (minute !== 0 || second !== 0 || microsecond !== 0))
    throw valueError("Hour may only be 24 at 24:00:00.000");
  return { hour, minute, second, microsecond, zone };
}

function parseZone(text: string): Zone {
  if (text === "Z" || text === "z") return UTC;
  if (![3, 5, 6].includes(text.length)) throw valueError("Time zone offset must be 1, 3, 5 or 6 characters");
  const hours = wholeNumber(text.slice(1, 3));
  const minutes = text.length === 3 ? 0 : wholeNumber(text.slice(text[3] === ":" ? 4 : 3));
  if (text[0] !== "+" && text[0] !== "-") throw valueError("Time zone offset requires sign");
  if (minutes > 59) throw valueError("Invalid minutes in time zone offset");
  if (hours > 23) throw valueError("Invalid hours in time zone offset");
  const offset = (text[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
  // dateutil's fixed zones have no name.
  return offset === 0 ? UTC : { ...zoneOf(offset), name: "" };
}
