import type { JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { Moment } from "../expressions/datetime/index.ts";
import { parseByFormat } from "../expressions/datetime/index.ts";
import { textOf } from "../http/text.ts";
import { constantText } from "./text.ts";

/** The instant that a text or a MinMaxDatetime stands for, kept between its borders. */
export function momentOf(value: JsonValue, format: string, owner: Node, scope: Scope): Moment {
  if (!isObject(value)) return read(textOf(value), format, owner, scope);
  const node = value as Node;
  const own = node["datetime_format"];
  const written = typeof own === "string" && own !== "" ? own : format;
  const moment = read(textOf(node["datetime"]), written, node, scope);
  const least = border(node["min_datetime"], written, node, scope);
  const raised = least !== null && least.compare(moment) > 0 ? least : moment;
  const most = border(node["max_datetime"], written, node, scope);
  return most !== null && most.compare(raised) < 0 ? most : raised;
}

function border(value: JsonValue | undefined, format: string, node: Node, scope: Scope): Moment | null {
  if (typeof value !== "string" || value === "") return null;
  const text = constantText(value, node, scope);
  return text === "" ? null : parse(text, format);
}

function read(text: string, format: string, node: Node, scope: Scope): Moment {
  return parse(constantText(text, node, scope), format);
}

function parse(text: string, format: string): Moment {
  try {
    return parseByFormat(text, format);
  } catch {
    throw new WeirError({
      code: "manifest.datetime",
      message: `A start or end date does not have the format ${format}.`,
      next: "Correct the date in the configuration, or the format in the manifest.",
      recovery: "ask",
      origin: "source",
    });
  }
}
