import { type JsonValue, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import { parseDuration, Timedelta } from "../expressions/datetime/index.ts";
import { textOf } from "./text.ts";
import { baseVariables } from "./variables.ts";

/** A number that a manifest gives as such or as a template; null where the template comes to nothing. */
export function numberTemplate(
  value: number | string | undefined,
  node: Node,
  scope: Scope,
): () => number | null {
  if (typeof value !== "string") return () => value ?? null;
  const template = scope.template(value);
  const variables = baseVariables(node, scope);
  return () => {
    const result = template.evaluate(variables);
    if (result === null || result === undefined || result === "" || result === "None") return null;
    return finite(result, value);
  };
}

function finite(value: JsonValue, text: string): number {
  const number = floatOf(textOf(value));
  if (number !== null) return number;
  throw new WeirError({
    code: "manifest.number",
    message: `"${text.slice(0, 200)}" does not come to a number.`,
    next: "Correct the setting or the manifest.",
    recovery: "ask",
    origin: "source",
  });
}

/** A text as Python's float reads it; null where it does not, or where it is not finite. */
export function floatOf(text: string): number | null {
  const trimmed = text.trim().replace(/(\d)_(?=\d)/g, "$1");
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(trimmed)) return null;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : null;
}

/** Seconds up to twice the range, at random; 0 without one. */
export function jitterOf(range: number | undefined, scope: Scope): () => number {
  return range === undefined ? () => 0 : () => scope.services.random() * range * 2;
}

const DAY = 86_400;

/** Seconds of an ISO 8601 duration; a month has 30 days and a year 365. */
export function durationSeconds(text: string): number {
  const duration = parseDuration(text);
  const span = duration instanceof Timedelta ? duration : duration.span;
  const seconds = span.days * DAY + span.seconds + span.microseconds / 1e6;
  return duration instanceof Timedelta
    ? seconds
    : seconds + (duration.years * 365 + duration.months * 30) * DAY;
}
