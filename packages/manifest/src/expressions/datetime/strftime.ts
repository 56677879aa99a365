import { daysOf, isoWeekOf } from "./calendar.ts";
import { CalendarDate, type Moment, offsetText } from "./moment.ts";
import { MONTHS, WEEKDAYS } from "./names.ts";
import { pad } from "./timedelta.ts";

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly days: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly epoch: number;
  readonly zone: { readonly offset: number; readonly name: string } | null;
}

function partsOf(value: Moment | CalendarDate): Parts {
  if (value instanceof CalendarDate) {
    const { days, weekday } = value;
    const epoch = days * 86_400;
    return {
      ...value.civil,
      days,
      weekday,
      hour: 0,
      minute: 0,
      second: 0,
      microsecond: 0,
      epoch,
      zone: null,
    };
  }
  const { hour, minute, second, microsecond, weekday, zone, local } = value;
  const { days } = value.date;
  // `%s` reads the clock as local time; hosts run in UTC.
  return { ...value.civil, days, weekday, hour, minute, second, microsecond, epoch: local, zone };
}

function hourOf12(hour: number): number {
  return hour % 12 === 0 ? 12 : hour % 12;
}

function yearDay(parts: Parts): number {
  return parts.days - daysOf(parts.year, 1, 1) + 1;
}

/** What a directive prints: text, or a number with its width and what fills it. */
type Piece = string | readonly [value: number, width: number, fill?: string];

const DIRECTIVES: ReadonlyMap<string, (parts: Parts) => Piece> = new Map<string, (parts: Parts) => Piece>([
  ["a", (p) => (WEEKDAYS[p.weekday] ?? "").slice(0, 3)],
  ["A", (p) => WEEKDAYS[p.weekday] ?? ""],
  ["b", (p) => (MONTHS[p.month - 1] ?? "").slice(0, 3)],
  ["h", (p) => (MONTHS[p.month - 1] ?? "").slice(0, 3)],
  ["B", (p) => MONTHS[p.month - 1] ?? ""],
  ["c", (p) => formatParts(p, "%a %b %e %H:%M:%S %Y")],
  ["C", (p) => [Math.floor(p.year / 100), 2]],
  ["d", (p) => [p.day, 2]],
  ["D", (p) => formatParts(p, "%m/%d/%y")],
  ["e", (p) => [p.day, 2, " "]],
  ["f", (p) => pad(p.microsecond, 6)],
  ["F", (p) => formatParts(p, "%Y-%m-%d")],
  ["g", (p) => [isoWeekOf(p.days).year % 100, 2]],
  ["G", (p) => [isoWeekOf(p.days).year, 1]],
  ["H", (p) => [p.hour, 2]],
  ["I", (p) => [hourOf12(p.hour), 2]],
  ["j", (p) => [yearDay(p), 3]],
  ["k", (p) => [p.hour, 2, " "]],
  ["l", (p) => [hourOf12(p.hour), 2, " "]],
  ["m", (p) => [p.month, 2]],
  ["M", (p) => [p.minute, 2]],
  ["n", () => "\n"],
  ["p", (p) => (p.hour < 12 ? "AM" : "PM")],
  ["P", (p) => (p.hour < 12 ? "am" : "pm")],
  ["r", (p) => formatParts(p, "%I:%M:%S %p")],
  ["R", (p) => formatParts(p, "%H:%M")],
  ["s", (p) => [p.epoch, 1]],
  ["S", (p) => [p.second, 2]],
  ["t", () => "\t"],
  ["T", (p) => formatParts(p, "%H:%M:%S")],
  ["u", (p) => [p.weekday + 1, 1]],
  ["U", (p) => [Math.floor((yearDay(p) + 6 - ((p.weekday + 1) % 7)) / 7), 2]],
  ["V", (p) => [isoWeekOf(p.days).week, 2]],
  ["w", (p) => [(p.weekday + 1) % 7, 1]],
  ["W", (p) => [Math.floor((yearDay(p) + 6 - p.weekday) / 7), 2]],
  ["x", (p) => formatParts(p, "%m/%d/%y")],
  ["X", (p) => formatParts(p, "%H:%M:%S")],
  ["y", (p) => [p.year % 100, 2]],
  ["Y", (p) => [p.year, 1]],
  ["z", (p) => (p.zone === null ? "" : offsetText(p.zone.offset, ""))],
  ["Z", (p) => p.zone?.name ?? ""],
  ["%", () => "%"],
]);

/** What stands for Python's own directives is put in before the C library sees flags. */
const OWN = new Set(["f", "z", "Z"]);

/** `strftime` of Python on Linux: its own directives, then the C library's with their flags (`%-d`, `%_d`, `%0e`, `%^a`). */
export function strftime(value: Moment | CalendarDate, format: string): string {
  return formatParts(partsOf(value), format);
}

function formatParts(parts: Parts, format: string): string {
  return format.replace(/%([-_0^#]?)(.)/gs, (whole, flag: string, code: string) => {
    const directive = DIRECTIVES.get(code);
    if (directive === undefined || (flag !== "" && OWN.has(code))) return whole;
    return flagged(directive(parts), flag);
  });
}

function flagged(piece: Piece, flag: string): string {
  if (typeof piece === "string") {
    if (flag === "^") return piece.toUpperCase();
    return flag === "#" ? swapCase(piece) : piece;
  }
  const [number, width, fill = "0"] = piece;
  if (flag === "-") return String(number);
  const filling = flag === "_" ? " " : flag === "0" ? "0" : fill;
  return String(number).padStart(width, filling);
}

function swapCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
}
