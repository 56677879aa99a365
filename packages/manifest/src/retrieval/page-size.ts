import { type JsonValue, WeirError } from "@weir/protocol";
import { Type } from "@weir/kit";
import type { Node, Scope } from "../component.ts";
import { textOf } from "../http/text.ts";
import { constantValue } from "../stream/text.ts";

export const pageSizeField = Type.Optional(
  Type.Unknown({
    description: "How many records a full page has: a number or a template.",
    "x-template": true,
  }),
);

/** A page's size; undefined: there is none. */
export function pageSizeOf(value: unknown, node: Node, scope: Scope): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const size = typeof value === "string" ? constantValue(value, node, scope) : (value as JsonValue);
  if (typeof size === "number" && Number.isInteger(size)) return size;
  throw new WeirError({
    code: "manifest.page_size",
    message: `The page size ${textOf(size).slice(0, 50)} is no whole number.`,
    next: "Correct page_size, or what it takes from the configuration.",
    recovery: "ask",
    origin: "source",
    path: "page_size",
  });
}

/** Whether no page follows one of so many records. */
export function isLastPage(count: number, size: number | undefined): boolean {
  return count === 0 || (size !== undefined && count < size);
}

/** What a counting strategy adds to; a token of another kind is the mistake of whoever set it. */
export function countOf(token: JsonValue): number {
  if (typeof token === "number" && Number.isInteger(token)) return token;
  throw new WeirError({
    code: "manifest.page_token",
    message: "The page's token is no whole number.",
    next: "Correct start_from_page.",
    recovery: "ask",
    origin: "source",
  });
}
