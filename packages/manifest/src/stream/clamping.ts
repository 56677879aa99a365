import type { JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { Duration } from "../expressions/datetime/index.ts";
import { addDuration, Moment, Timedelta } from "../expressions/datetime/index.ts";
import { textOf } from "../http/text.ts";
import { constantText } from "./text.ts";

/** How borders are moved to whole days, weeks or months. */
export interface Clamp {
  /** A slice's border: on to the next whole one. */
  readonly border: (moment: Moment) => Moment;
  /** The end of the read: back to the last whole one, and one granule before it. */
  readonly end: (moment: Moment) => Moment;
}

const NONE: Clamp = { border: (moment) => moment, end: (moment) => moment };
const DAY = new Timedelta(86_400);
const WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

export function clampOf(
  value: unknown,
  granularity: Duration | Timedelta | null,
  owner: Node,
  scope: Scope,
): Clamp {
  if (!isObject(value)) return NONE;
  const target = constantText(textOf(value["target"]), owner, scope);
  const less = (moment: Moment, usual: Timedelta): Moment =>
    addDuration(moment, (granularity ?? usual).negated());
  switch (target) {
    case "DAY":
      return {
        border: (moment) => midnight(moment).plus(DAY),
        end: (moment) => less(midnight(moment), new Timedelta(1)),
      };
    case "WEEK": {
      const day = weekdayIn(value["target_details"]);
      return {
        border: (moment) => onWeekday(moment, day, 0),
        end: (moment) => less(onWeekday(moment, day, -7), DAY),
      };
    }
    case "MONTH":
      return { border: nextMonth, end: (moment) => less(firstOfMonth(moment), DAY) };
    default:
      throw refused(`Clamping to ${target} is unknown.`, "Take DAY, WEEK or MONTH as target.");
  }
}

function midnight(moment: Moment): Moment {
  return new Moment(moment.local - moment.secondOfDay, 0, moment.zone);
}

function onWeekday(moment: Moment, day: number, offset: number): Moment {
  const { weekday } = moment;
  const ahead = weekday > day ? 7 - (weekday - day) : day - weekday;
  return midnight(moment).plus(new Timedelta((ahead + offset) * 86_400));
}

function firstOfMonth(moment: Moment): Moment {
  return midnight(moment).plus(new Timedelta((1 - moment.civil.day) * 86_400));
}

function nextMonth(moment: Moment): Moment {
  const { year, month, day } = moment.civil;
  if (day === 1) return midnight(moment);
  return Moment.of({
    year: month === 12 ? year + 1 : year,
    month: (month % 12) + 1,
    day: 1,
    zone: moment.zone,
  });
}

function weekdayIn(details: JsonValue | undefined): number {
  const name = isObject(details) ? details["weekday"] : undefined;
  const day = WEEKDAYS.indexOf(textOf(name));
  if (day < 0)
    throw refused("Clamping to weeks names no weekday.", "Give target_details.weekday, such as MONDAY.");
  return day;
}

function refused(message: string, next: string): WeirError {
  return new WeirError({
    code: "manifest.component",
    message,
    next,
    recovery: "ask",
    origin: "source",
    path: "clamping",
  });
}
