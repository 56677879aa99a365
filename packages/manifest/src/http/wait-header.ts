import { RE2JS } from "re2js";
import { Type } from "@weir/kit";
import { WeirError } from "@weir/protocol";
import { type Node, type Scope, templateText } from "../component.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { floatOf, numberTemplate } from "./numbers.ts";
import { textOf } from "./text.ts";
import { baseVariables } from "./variables.ts";

/** Longer headers hold no number. */
const MAX_HEADER = 256;

export const waitHeaderFields = {
  header: templateText("The name of the header."),
  regex: Type.Optional(
    templateText("What of the header's text is the number, from its beginning; absent: all of it."),
  ),
  max_waiting_time_in_seconds: Type.Optional(
    Type.Union([Type.Number(), Type.String()], {
      description: "A wait this long or longer fails the stream instead.",
      "x-template": true,
    }),
  ),
};

interface Fields {
  readonly header: string;
  readonly regex?: string;
}

/** The number in the header that a node names; null where there is none. */
export function headerNumber(node: Node & Fields, scope: Scope): (response: PageResponse) => number | null {
  const variables = baseVariables(node, scope);
  const name = scope.template(node.header);
  const pattern = node.regex === undefined || node.regex === "" ? null : scope.template(node.regex);
  return (response) => {
    const header = textOf(name.evaluate(variables)).toLowerCase();
    const text = Object.hasOwn(response.headers, header) ? (response.headers[header] ?? "") : "";
    if (text === "" || text.length > MAX_HEADER) return null;
    if (pattern === null) return floatOf(text);
    const matcher = expression(textOf(pattern.evaluate(variables))).matcher(text);
    return floatOf(matcher.lookingAt() ? (matcher.group() ?? "") : text);
  };
}

/** Runs in linear time, whatever the text. */
export function expression(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new WeirError(
      {
        code: "manifest.regex",
        message: `The regular expression "${source.slice(0, 200)}" cannot be used.`,
        next: "Correct it in the manifest.",
        recovery: "stop",
        origin: "source",
      },
      { cause: error },
    );
  }
}

/** Fails where a wait is as long as the manifest allows or longer. */
export function waitLimit(
  node: Node & { readonly max_waiting_time_in_seconds?: number | string },
  scope: Scope,
): (seconds: number) => number {
  const limit = numberTemplate(node.max_waiting_time_in_seconds, node, scope);
  return (seconds) => {
    const most = limit();
    if (most === null || seconds < most) return seconds;
    throw new WeirError({
      code: "http.rate_limited",
      message: `The API asks to wait ${Math.round(seconds)} seconds; the manifest allows less than ${most}.`,
      next: "Run the sync again later.",
      recovery: "retry",
      origin: "source",
    });
  };
}
