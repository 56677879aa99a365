import { bind, signature } from "./bind.ts";
import {
  type CalendarDate,
  dateInZone,
  formatByFormat,
  Moment,
  parseByFormat,
  parseDuration,
  parseIsoUtc,
  strftime,
  strptime,
  Timedelta,
  UTC,
} from "./datetime/index.ts";
import { quotePlus } from "./filters/text.ts";
import { asNumber, asText } from "./methods/checked.ts";
import { typeError, valueError } from "./python-error.ts";
import { ordered } from "./values/compare.ts";
import { Dict } from "./values/dict.ts";
import { entriesOf, itemsOf, lengthOf } from "./values/members.ts";
import { float, isNumeric, toFloat, truncated } from "./values/numbers.ts";
import { Callable, isDict, isInt, Namespace, Undefined } from "./values/types.ts";

export interface MacroServices {
  /** Milliseconds since 1970 with a fraction for microseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

function define(heading: string, run: (...args: readonly unknown[]) => unknown): [string, Callable] {
  const [name = "", ...parameters] = heading.split(" ");
  const to = signature(name, parameters.join(" "));
  return [name, new Callable(name, (args, named) => run(...bind(to, args, named)))];
}

function isoUtc(value: unknown): Moment {
  if (value instanceof Undefined) return value.fail();
  // dateutil looks at the length before anything else.
  if ((Array.isArray(value) || isDict(value)) && lengthOf(value) < 4)
    throw valueError("ISO string too short");
  return parseIsoUtc(asText(value));
}

function formatDatetime(value: unknown, format: unknown, inputFormat: unknown): string {
  if (value instanceof Moment) return strftime(value, asText(format));
  if (isInt(value) || typeof value === "boolean") {
    const number = typeof value === "boolean" ? Number(value) : value;
    const moment = parseByFormat(
      number,
      inputFormat === null || inputFormat === "" ? "%s" : asText(inputFormat),
    );
    return formatByFormat(moment, asText(format));
  }
  const moment =
    inputFormat === null || inputFormat === "" ? isoUtc(value) : strptime(asText(value), asText(inputFormat));
  return formatByFormat(moment.zone === null ? moment.withZone(UTC) : moment, asText(format));
}

function extreme(order: "<" | ">", args: readonly unknown[]): unknown {
  if (args.length === 0) throw typeError("expected at least 1 argument, got 0");
  const items = args.length === 1 ? itemsOf(args[0]) : args;
  if (items.length === 0) throw valueError("iterable argument is empty");
  return items.reduce((best, item) => (ordered(order, item, best) ? item : best));
}

function uuid(random: () => number): string {
  const digits = Array.from({ length: 32 }, (_, index) => {
    if (index === 12) return "4";
    const digit = Math.floor(random() * 16);
    return (index === 16 ? 8 + (digit % 4) : digit).toString(16);
  }).join("");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join("-");
}

function snakeCase(text: string): string {
  return text.replace(/(?<!^)(?=[A-Z])/g, "_").toLowerCase();
}

function days(value: unknown): Timedelta {
  if (!isNumeric(value)) throw typeError("unsupported type for timedelta days component");
  return Timedelta.of({ days: asNumber(value) });
}

/** The functions that templates may call. */
export function macros({ now, random }: MacroServices): ReadonlyMap<string, unknown> {
  const clock = (): Moment => Moment.fromMilliseconds(now());
  return new Map<string, unknown>([
    define("now_utc", clock),
    define("today_utc", () => clock().date),
    define("today_with_timezone timezone", (zone): CalendarDate => dateInZone(now(), zone)),
    define("timestamp dt", (value) =>
      isNumeric(value) ? truncated(toFloat(value)) : float(isoUtc(value).timestamp()),
    ),
    define("str_to_datetime s", isoUtc),
    define("day_delta num_days format?", (count, format = "%Y-%m-%dT%H:%M:%S.%f%z") =>
      strftime(clock().plus(days(count)), asText(format)),
    ),
    define("duration datestring", parseDuration),
    define("format_datetime dt format input_format?", (value, format, inputFormat = null) =>
      formatDatetime(value, format, inputFormat),
    ),
    define("sanitize_url value", (value) => quotePlus(asText(value))),
    define("camel_case_to_snake_case value", (value) => snakeCase(asText(value))),
    define("generate_uuid", () => uuid(random)),
    define("max *", (...args) => extreme(">", args)),
    define("min *", (...args) => extreme("<", args)),
    ["namespace", new Callable("namespace", (args, named) => namespace(args, named))],
    ["dict", new Callable("dict", (args, named) => Dict.of([...pairsOf(args[0]), ...named]))],
  ]);
}

function pairsOf(value: unknown): (readonly [unknown, unknown])[] {
  if (value === undefined) return [];
  if (isDict(value)) return [...entriesOf(value)];
  return itemsOf(value).map((item) => {
    const [key, member] = itemsOf(item);
    return [key, member] as const;
  });
}

function namespace(args: readonly unknown[], named: ReadonlyMap<string, unknown>): Namespace {
  const attributes = new Map<string, unknown>(named);
  for (const [key, value] of pairsOf(args[0])) if (typeof key === "string") attributes.set(key, value);
  return new Namespace("Namespace", attributes);
}
