import { PythonError, valueError } from "../python-error.ts";
import { civilOf, daysOf, daysOfIsoWeek, weekdayOf, weeksInIsoYear } from "./calendar.ts";
import { Moment, UTC, type Zone, zoneOf } from "./moment.ts";
import { MONTHS, WEEKDAYS } from "./names.ts";

const SHORT_WEEKDAYS = WEEKDAYS.map((name) => name.slice(0, 3));
const SHORT_MONTHS = MONTHS.map((name) => name.slice(0, 3));

function oneOf(names: readonly string[]): string {
  return names.toSorted((a, b) => b.length - a.length).join("|");
}

const PATTERNS: ReadonlyMap<string, string> = new Map([
  ["a", oneOf(SHORT_WEEKDAYS)],
  ["A", oneOf(WEEKDAYS)],
  ["b", oneOf(SHORT_MONTHS)],
  ["B", oneOf(MONTHS)],
  ["d", String.raw`3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9]`],
  ["f", String.raw`\d{1,6}`],
  ["G", String.raw`\d{4}`],
  ["H", String.raw`2[0-3]|[0-1]\d|\d`],
  ["I", String.raw`1[0-2]|0[1-9]|[1-9]`],
  ["j", String.raw`36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9]`],
  ["m", String.raw`1[0-2]|0[1-9]|[1-9]`],
  ["M", String.raw`[0-5]\d|\d`],
  ["p", "AM|PM"],
  ["S", String.raw`6[0-1]|[0-5]\d|\d`],
  ["u", "[1-7]"],
  ["U", String.raw`5[0-3]|[0-4]\d|\d`],
  ["V", String.raw`5[0-3]|0[1-9]|[1-4]\d|\d`],
  ["w", "[0-6]"],
  ["W", String.raw`5[0-3]|[0-4]\d|\d`],
  ["y", String.raw`\d\d`],
  ["Y", String.raw`\d{4}`],
  ["z", String.raw`[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|Z`],
  ["Z", "utc|gmt"],
]);

const COMPOSED: ReadonlyMap<string, string> = new Map([
  ["c", "%a %b %d %H:%M:%S %Y"],
  ["x", "%m/%d/%y"],
  ["X", "%H:%M:%S"],
]);

interface Format {
  readonly pattern: RegExp;
  /** The directive of each group. */
  readonly codes: readonly string[];
}

/** Formats come from manifests, so there are few; a manifest that makes them up starts the cache anew. */
const cache = new Map<string, Format>();
const CACHE_SIZE = 500;
const MAX_FORMAT = 500;
const MAX_TEXT = 500;

function formatOf(format: string): Format {
  const known = cache.get(format);
  if (known !== undefined) return known;
  if (format.length > MAX_FORMAT) throw valueError("the format is too long");
  const made = compileFormat(format);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(format, made);
  return made;
}

function compileFormat(format: string): Format {
  const codes: string[] = [];
  const expanded = format.replace(/%(.)/gs, (whole, code: string) => COMPOSED.get(code) ?? whole);
  let pattern = "";
  // Blanks may be any number of blanks; everything between is literal or one bounded directive.
  for (const match of expanded.matchAll(/%(.?)|(\s+)|([^%\s]+)/gs)) {
    const [whole, code, blanks] = match;
    if (blanks !== undefined) pattern += String.raw`\s+`;
    else if (code === undefined) pattern += RegExp.escape(whole);
    else if (code === "%") pattern += "%";
    else {
      const known = PATTERNS.get(code);
      if (code === "") throw valueError(`stray % in format '${format}'`);
      if (known === undefined) throw valueError(`'${code}' is a bad directive in format '${format}'`);
      if (codes.includes(code))
        throw new PythonError("error", `redefinition of group name '${code}' in format '${format}'`);
      codes.push(code);
      pattern += `(${known})`;
    }
  }
  return { pattern: new RegExp(pattern, "iy"), codes };
}

/** Reads a text by a format, as Python's `datetime.strptime`. The zone stays; without one it is null. */
export function strptime(text: string, format: string): Moment {
  const { pattern, codes } = formatOf(format);
  const mismatch = `a time does not match the format '${format}'`;
  if (text.length > MAX_TEXT) throw valueError(mismatch);
  pattern.lastIndex = 0;
  const match = pattern.exec(text);
  if (match === null) throw valueError(mismatch);
  if (match[0].length !== text.length) throw valueError(`characters remain after the format '${format}'`);
  const found = new Map(codes.map((code, index) => [code, match[index + 1] ?? ""]));
  return assemble(found);
}

function assemble(found: ReadonlyMap<string, string>): Moment {
  const number = (code: string): number | undefined => {
    const text = found.get(code);
    return text === undefined ? undefined : Number(text);
  };
  const fraction = found.get("f");
  return Moment.of({
    ...dateOf(found, number),
    hour: hourOf(found, number),
    minute: number("M") ?? 0,
    second: number("S") ?? 0,
    microsecond: fraction === undefined ? 0 : Number(fraction.padEnd(6, "0")),
    zone: zoneIn(found),
  });
}

type Numbers = (code: string) => number | undefined;

function hourOf(found: ReadonlyMap<string, string>, number: Numbers): number {
  const hour = number("H");
  if (hour !== undefined) return hour;
  const short = number("I");
  if (short === undefined) return 0;
  return (short % 12) + (found.get("p")?.toLowerCase() === "pm" ? 12 : 0);
}

function weekdayIn(found: ReadonlyMap<string, string>, number: Numbers): number | undefined {
  const name = (found.get("A") ?? found.get("a"))?.toLowerCase().slice(0, 3);
  if (name !== undefined) return SHORT_WEEKDAYS.findIndex((day) => day.toLowerCase() === name);
  const fromSunday = number("w");
  if (fromSunday !== undefined) return (fromSunday + 6) % 7;
  const fromMonday = number("u");
  return fromMonday === undefined ? undefined : fromMonday - 1;
}

interface DateParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function dateOf(found: ReadonlyMap<string, string>, number: Numbers): DateParts {
  const short = number("y");
  const year = number("Y") ?? (short === undefined ? undefined : short + (short <= 68 ? 2000 : 1900));
  const weekday = weekdayIn(found, number);
  const isoYear = number("G");
  const isoWeek = number("V");
  if (isoYear !== undefined || isoWeek !== undefined) {
    if (isoYear === undefined || isoWeek === undefined || weekday === undefined || year !== undefined)
      throw valueError("ISO year, week and weekday directives must be used together and without others");
    if (isoWeek < 1 || isoWeek > weeksInIsoYear(isoYear)) throw valueError(`Invalid week: ${isoWeek}`);
    return civilOf(daysOfIsoWeek(isoYear, isoWeek, weekday + 1));
  }
  const dayOfYear = number("j") ?? dayOfYearByWeek(year, weekday, number);
  if (dayOfYear !== undefined) return civilOf(daysOf(year ?? 1900, 1, 1) + dayOfYear - 1);
  const monthName = (found.get("B") ?? found.get("b"))?.toLowerCase().slice(0, 3);
  const named = SHORT_MONTHS.findIndex((month) => month.toLowerCase() === monthName) + 1;
  const month = monthName === undefined ? (number("m") ?? 1) : named;
  return { year: year ?? 1900, month, day: number("d") ?? 1 };
}

/** `%U` and `%W` count only together with a year and a weekday. */
function dayOfYearByWeek(
  year: number | undefined,
  weekday: number | undefined,
  number: Numbers,
): number | undefined {
  const fromSunday = number("U");
  const week = fromSunday ?? number("W");
  if (year === undefined || weekday === undefined || week === undefined) return undefined;
  const shift = fromSunday === undefined ? 0 : 1;
  const firstWeekday = (weekdayOf(daysOf(year, 1, 1)) + shift) % 7;
  const day = (weekday + shift) % 7;
  return week === 0 ? 1 + day - firstWeekday : 1 + ((7 - firstWeekday) % 7) + 7 * (week - 1) + day;
}

function zoneIn(found: ReadonlyMap<string, string>): Zone | null {
  const text = found.get("z");
  // A zone's name alone leaves the result without one.
  if (text === undefined) return null;
  if (text === "Z" || text === "z") return UTC;
  const [, sign, hours = "0", minutes = "0", seconds = "0"] =
    /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?/.exec(text) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return zoneOf(sign === "-" ? -size : size);
}
