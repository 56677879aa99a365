import { Type } from "@weir/kit";
import { WeirError } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import type { Scale } from "../../stream/interval-read.ts";
import { IntervalRead } from "../../stream/interval-read.ts";
import { injected, requestOption } from "../../stream/request-option.ts";
import { constantText } from "../../stream/text.ts";

/** The names that a slice of counts has for its borders. */
const BORDERS = ["start", "end"] as const;

export const incrementingCountCursor = defineComponent({
  kind: "cursor",
  type: "IncrementingCountCursor",
  doc: "Reads what was added since the last sync by a number that grows with each record.",
  fields: Type.Object({
    cursor_field: templateText("The record's field that holds the number."),
    start_value: Type.Optional(
      Type.Union([Type.String(), Type.Number()], {
        description: "Where to begin without a state. Default: 0.",
        "x-template": true,
      }),
    ),
    start_value_option: Type.Optional(
      Type.Unknown({ description: "Where requests carry it. A RequestOption." }),
    ),
    allow_catalog_defined_cursor_field: Type.Optional(
      Type.Boolean({ description: "The configured catalog may name another field." }),
    ),
  }),
  build: (node, scope) => {
    const field = constantText(node.cursor_field, node, scope);
    const option = requestOption(node.start_value_option, node, scope);
    return {
      field,
      isCatalogDefined: node.allow_catalog_defined_cursor_field === true,
      isDataFeed: false,
      isClientSide: false,
      isGlobal: false,
      isPartitionable: false,
      begin: (state, { field: named = field } = {}) =>
        new IntervalRead<number | bigint>({
          scale: COUNTS,
          field: named,
          start: startOf(constantText(textOf(node.start_value ?? 0), node, scope)),
          end: () => Infinity,
          state: state ?? {},
          cut: (lower, upper) => [[lower, upper]],
          resumeAt: (count) => count,
          gapAfter: (count) => count,
          borders: BORDERS,
          isBounded: false,
          additions: ({ cursor }) => injected([[option, cursor[BORDERS[0]]]]),
        }),
      written: (value) => COUNTS.read(value),
      instant: () => null,
    };
  },
});

const COUNTS: Scale<number | bigint> = {
  read: (value) => (typeof value === "number" || typeof value === "bigint" ? value : undefined),
  write: (count) => count,
  compare: (one, other) => (one < other ? -1 : one > other ? 1 : 0),
  after: (count) => (typeof count === "bigint" ? count + 1n : count + 1),
};

function startOf(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text.trim())) return Number(text);
  throw new WeirError({
    code: "manifest.component",
    message: "The start of a count is no whole number.",
    next: "Correct start_value in the manifest, or what it takes from the configuration.",
    recovery: "ask",
    origin: "source",
    path: "start_value",
  });
}
