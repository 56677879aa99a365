import type { Static } from "@weir/kit";
import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { ExactNumber, isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent, templateText } from "../../component.ts";
import type { Duration } from "../../expressions/datetime/index.ts";
import {
  addDuration,
  formatByFormat,
  Moment,
  parseByFormat,
  parseDuration,
  Timedelta,
} from "../../expressions/datetime/index.ts";
import { textOf } from "../../http/text.ts";
import { clampOf } from "../../stream/clamping.ts";
import type { Scale } from "../../stream/interval-read.ts";
import { IntervalRead } from "../../stream/interval-read.ts";
import { momentOf } from "../../stream/min-max-datetime.ts";
import { injected, requestOption } from "../../stream/request-option.ts";
import { constantText, constantValue } from "../../stream/text.ts";
import type { Cursor } from "./contract.ts";

const FIELDS = Type.Object({
  cursor_field: templateText("The record's field that holds the instant of its last change."),
  start_datetime: Type.Unknown({
    description: "Nothing before it is read: a MinMaxDatetime, or a text or template in datetime_format.",
    "x-template": true,
    "x-if-untyped": "MinMaxDatetime",
  }),
  end_datetime: Type.Optional(
    Type.Unknown({
      description: "Nothing after it is read, as start_datetime is written. Default: now.",
      "x-template": true,
      "x-if-untyped": "MinMaxDatetime",
    }),
  ),
  datetime_format: Type.String({ description: "How slices and states write instants." }),
  cursor_datetime_formats: Type.Optional(
    Type.Array(Type.String(), {
      description: "How records may write them, tried in order before datetime_format.",
    }),
  ),
  step: Type.Optional(
    templateText("The length of a slice as an ISO 8601 duration. Needs cursor_granularity."),
  ),
  cursor_granularity: Type.Optional(
    Type.String({
      description: "The smallest step of the API's instants: a slice ends that much before the next.",
    }),
  ),
  lookback_window: Type.Optional(
    templateText("How far before the last state reading begins again, as an ISO 8601 duration."),
  ),
  start_time_option: Type.Optional(slotless("Where requests carry the slice's start.")),
  end_time_option: Type.Optional(slotless("Where requests carry the slice's end.")),
  partition_field_start: Type.Optional(templateText("The name of a slice's start. Default: start_time.")),
  partition_field_end: Type.Optional(templateText("The name of a slice's end. Default: end_time.")),
  is_data_feed: Type.Optional(
    Type.Boolean({ description: "Records come newest first: pages end where known records begin." }),
  ),
  is_client_side_incremental: Type.Optional(
    Type.Boolean({ description: "The API cannot filter by time: older records are dropped here." }),
  ),
  global_substream_cursor: Type.Optional(
    Type.Boolean({ description: "Over partitions, one state for all of them." }),
  ),
  allow_catalog_defined_cursor_field: Type.Optional(
    Type.Boolean({ description: "The configured catalog may name another field." }),
  ),
  clamping: Type.Optional(
    Type.Unknown({
      description: "Moves slice borders to whole days, weeks or months: target and target_details.",
    }),
  ),
});

export const datetimeBasedCursor = defineComponent({
  kind: "cursor",
  type: "DatetimeBasedCursor",
  doc: "Reads what changed since the last sync by an instant in each record, in slices of time where a step is given.",
  fields: FIELDS,
  build: (node, scope) => cursorOf(node, scope),
});

function slotless(description: string) {
  return Type.Unknown({
    description: `${description} A RequestOption: inject_into, and field_name or field_path.`,
  });
}

function cursorOf(node: Node & Static<typeof FIELDS>, scope: Scope): Cursor {
  const field = constantText(node.cursor_field, node, scope);
  const granularity = node.cursor_granularity ? parseDuration(node.cursor_granularity) : null;
  const scale = scaleOf(node.datetime_format, node.cursor_datetime_formats ?? [], granularity);
  const borders = [
    constantText(node.partition_field_start || "start_time", node, scope),
    constantText(node.partition_field_end || "end_time", node, scope),
  ] as const;
  const options = [
    requestOption(node.start_time_option, node, scope),
    requestOption(node.end_time_option, node, scope),
  ] as const;
  return {
    field,
    isCatalogDefined: node.allow_catalog_defined_cursor_field === true,
    isDataFeed: node.is_data_feed === true,
    isClientSide: node.is_client_side_incremental === true,
    isGlobal: node.global_substream_cursor === true,
    isPartitionable: true,
    begin: (state, { lookbackSeconds = 0, field: named = field } = {}) => {
      const now = (): Moment => Moment.fromMilliseconds(scope.services.context.clock.now());
      const format = node.datetime_format;
      const clamp = clampOf(node.clamping, granularity, node, scope);
      const end = remembered(scope, () =>
        clamp.end(node.end_datetime ? momentOf(node.end_datetime as JsonValue, format, node, scope) : now()),
      );
      const step = stepOf(node, scope);
      const back = durationOf(node.lookback_window, node, scope);
      return new IntervalRead<Moment>({
        scale,
        field: named,
        start: momentOf(node.start_datetime as JsonValue, format, node, scope),
        end,
        state: lookedBack(state ?? {}, named, lookbackSeconds, scale),
        cut: (lower, upper, isLast) =>
          cut({ lower, upper, isLast, step, granularity, clamp: clamp.border, end }),
        resumeAt: (moment) => (back === null ? moment : addDuration(moment, back.negated())),
        gapAfter: (moment) => (granularity === null ? moment : addDuration(moment, granularity)),
        borders,
        isBounded: true,
        additions: ({ cursor }) =>
          injected([
            [options[0], cursor[borders[0]]],
            [options[1], cursor[borders[1]]],
          ]),
      });
    },
    written: (value) => {
      const moment = scale.read(value);
      return moment === undefined ? undefined : scale.write(moment);
    },
    instant: (state) => instantIn(state, field, scale),
  };
}

const MILLISECOND = new Timedelta(0, 1000);

function scaleOf(
  format: string,
  formats: readonly string[],
  granularity: Duration | Timedelta | null,
): Scale<Moment> {
  return {
    read: (value) => {
      for (const each of [...formats, format]) {
        const moment = readBy(value, each);
        if (moment !== undefined) return moment;
      }
      return undefined;
    },
    write: (moment) => formatByFormat(moment, format),
    compare: (one, other) => one.compare(other),
    after: (moment) => addDuration(moment, granularity ?? MILLISECOND),
  };
}

function readBy(value: JsonValue, format: string): Moment | undefined {
  try {
    if (typeof value === "string" || typeof value === "number" || typeof value === "bigint")
      return parseByFormat(value, format);
    if (!(value instanceof ExactNumber)) return undefined;
    const number = Number(value.text);
    return parseByFormat(format.startsWith("%") ? number : textOf(value), format);
  } catch {
    return undefined;
  }
}

/** The same moment as long as the clock stands still: the end of a read is asked for with every record. */
function remembered(scope: Scope, make: () => Moment): () => Moment {
  let made: { readonly at: number; readonly moment: Moment } | null = null;
  return () => {
    const at = scope.services.context.clock.now();
    if (made?.at !== at) made = { at, moment: make() };
    return made.moment;
  };
}

function durationOf(text: string | undefined, node: Node, scope: Scope): Duration | Timedelta | null {
  if (!text) return null;
  const value = constantValue(text, node, scope);
  return value ? parseDuration(value) : null;
}

function stepOf(node: Node & Static<typeof FIELDS>, scope: Scope): Duration | Timedelta | null {
  if (Boolean(node.step) !== Boolean(node.cursor_granularity)) {
    throw new WeirError({
      code: "manifest.component",
      message: "A cursor has one of step and cursor_granularity, not both.",
      next: "Give both, or neither.",
      recovery: "ask",
      origin: "source",
      path: node.step ? "cursor_granularity" : "step",
    });
  }
  return durationOf(node.step, node, scope);
}

/** The state with its value set back by what may have been missed while an earlier sync ran. */
function lookedBack(state: JsonObject, field: string, seconds: number, scale: Scale<Moment>): JsonObject {
  const value = state[field];
  if (seconds === 0 || !value) return state;
  const moment = scale.read(value);
  if (moment === undefined) return state;
  return { ...state, [field]: scale.write(moment.plus(new Timedelta(-seconds))) };
}

interface Cut {
  readonly lower: Moment;
  readonly upper: Moment;
  readonly isLast: boolean;
  readonly step: Duration | Timedelta | null;
  readonly granularity: Duration | Timedelta | null;
  readonly clamp: (moment: Moment) => Moment;
  readonly end: () => Moment;
}

function* cut({ lower, upper, isLast, step, granularity, clamp, end }: Cut): Generator<[Moment, Moment]> {
  const before = (moment: Moment): Moment =>
    granularity === null ? moment : addDuration(moment, granularity.negated());
  const stepped = (moment: Moment): Moment => (step === null ? upper : later(moment, step, end));
  if (stepped(lower).compare(upper) >= 0) {
    const high = clamp(upper);
    yield [clamp(lower), isLast ? high : before(high)];
    return;
  }
  let at = lower;
  for (;;) {
    const next = stepped(at);
    const isEnd = next.compare(upper) >= 0;
    const low = clamp(at);
    const high = isEnd ? upper : clamp(next);
    // Clamping can leave nothing between the two: nothing more comes then either.
    if (low.compare(high) >= 0) return;
    yield [low, isEnd && isLast ? high : before(high)];
    if (isEnd) return;
    at = high;
  }
}

/** Past the year 9999 a step ends at the end of the read. */
function later(moment: Moment, step: Duration | Timedelta, end: () => Moment): Moment {
  try {
    return addDuration(moment, step);
  } catch {
    return end();
  }
}

function instantIn(state: JsonObject, field: string, scale: Scale<Moment>): number | null {
  const slices = state["slices"];
  const first = Array.isArray(slices) ? (slices as readonly JsonValue[])[0] : undefined;
  const value = isObject(first) ? first["most_recent_cursor_value"] || first["end"] : state[field];
  const moment = value ? scale.read(value) : undefined;
  return moment === undefined ? null : moment.timestamp() * 1000;
}
