import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { CursorRead } from "../components/cursor/contract.ts";
import type { RequestAdditions, Slice } from "../components/requester/contract.ts";

/** The kind of points that a cursor moves over: instants or counts. */
export interface Scale<T> {
  /** Undefined: the value is no such point. */
  read(value: JsonValue): T | undefined;
  write(point: T): JsonValue;
  readonly compare: (one: T, other: T) => number;
  /** Intervals touch when the later one begins at or before this. */
  readonly after: (point: T) => T;
}

/** What has been read: from start to end, the greatest value seen there; null: none was. */
interface Interval<T> {
  readonly start: T;
  readonly end: T;
  readonly latest: T | null;
}

export interface IntervalPlan<T> {
  readonly scale: Scale<T>;
  readonly field: string;
  /** Nothing before it is read or kept. */
  readonly start: T;
  readonly end: () => T;
  readonly state: JsonObject;
  /** The borders of the slices between two points; `isLast`: nothing is known to lie after them. */
  readonly cut: (lower: T, upper: T, isLast: boolean) => Iterable<readonly [T, T]>;
  /** Where to go on after what was read last, a lookback taken off. */
  readonly resumeAt: (end: T) => T;
  /** Where the next interval begins after a gap's start. */
  readonly gapAfter: (end: T) => T;
  /** The names that slices have for their borders. */
  readonly borders: readonly [string, string];
  /** False: slices do not bound what was read, only the records do. */
  readonly isBounded: boolean;
  readonly additions: (slice: Slice) => RequestAdditions;
}

const STATE_TYPES = new Set<unknown>(["date-range", "integer"]);

/** Remembers which stretches were read and turns them into slices still to read, and into a state. */
export class IntervalRead<T> implements CursorRead {
  readonly #plan: IntervalPlan<T>;
  readonly #start: T;
  /** Keys that older versions left in the state: they stay. */
  readonly #kept: JsonObject;
  #intervals: readonly Interval<T>[];
  /** Of the slice being read; what a slice that was given up had is forgotten. */
  #latest: T | null = null;
  #latestOf: Slice | null = null;

  constructor(plan: IntervalPlan<T>) {
    this.#plan = plan;
    const { state, start } = plan;
    if (STATE_TYPES.has(state["state_type"])) {
      this.#kept = {};
      this.#intervals = this.#merge(intervalsIn(state, plan));
      const [first] = this.#intervals;
      this.#start = first === undefined ? start : (first.latest ?? first.end);
      if (first === undefined) this.#intervals = [{ start, end: start, latest: start }];
      return;
    }
    this.#kept = state;
    this.#start = laterOf(plan, start, stateValue(plan));
    this.#intervals = [{ start, end: this.#start, latest: this.#start }];
  }

  *slices(): Generator<JsonObject> {
    const { start, end, resumeAt, gapAfter, scale } = this.#plan;
    const intervals = this.#intervals;
    const [first] = intervals;
    if (first !== undefined && scale.compare(start, first.start) < 0)
      yield* this.#cut(start, first.start, false);
    for (const [at, interval] of intervals.entries()) {
      const next = intervals[at + 1];
      if (next === undefined) yield* this.#cut(resumeAt(interval.end), end(), true);
      else yield* this.#cut(gapAfter(interval.end), next.start, false);
    }
  }

  *#cut(lower: T, upper: T, isLast: boolean): Generator<JsonObject> {
    const { scale, start, cut, borders } = this.#plan;
    if (scale.compare(lower, upper) >= 0 || scale.compare(upper, start) < 0) return;
    const from = scale.compare(lower, start) < 0 ? start : lower;
    for (const [low, high] of cut(from, upper, isLast)) {
      yield { [borders[0]]: scale.write(low), [borders[1]]: scale.write(high) };
    }
  }

  additions(slice: Slice): RequestAdditions {
    return this.#plan.additions(slice);
  }

  observe(record: JsonObject, slice: Slice): void {
    const value = this.#valueOf(record);
    if (this.#latestOf !== slice) this.#latest = null;
    this.#latestOf = slice;
    if (value === undefined) return;
    if (this.#latest === null || this.#plan.scale.compare(this.#latest, value) < 0) this.#latest = value;
  }

  isWanted(record: JsonObject): boolean {
    const value = this.#valueOf(record);
    if (value === undefined) return true;
    const { scale, end } = this.#plan;
    return scale.compare(this.#start, value) <= 0 && scale.compare(value, end()) <= 0;
  }

  close(slice: Slice): void {
    const { cursor } = slice;
    const { isBounded, borders } = this.#plan;
    const latest = this.#latestOf === slice ? this.#latest : null;
    this.#latest = null;
    if (isBounded) {
      const [start, end] = borders.map((border) => this.#border(cursor[border], border));
      if (start === undefined || end === undefined) return;
      this.#intervals = this.#merge([...this.#intervals, { start, end, latest }]);
    } else if (latest !== null) {
      this.#intervals = this.#merge([...this.#intervals, { start: this.#start, end: latest, latest }]);
    }
  }

  #border(value: JsonValue | undefined, border: string): T {
    const point = value === undefined ? undefined : this.#plan.scale.read(value);
    if (point === undefined) throw unreadable(this.#plan.field, `a slice's ${border}`);
    return point;
  }

  state(): JsonObject {
    const [first] = this.#intervals;
    if (first === undefined) return this.#kept;
    const { scale, field } = this.#plan;
    return { ...this.#kept, [field]: scale.write(first.latest ?? first.start) };
  }

  #valueOf(record: JsonObject): T | undefined {
    const value = record[this.#plan.field];
    return value === undefined || value === null ? undefined : this.#plan.scale.read(value);
  }

  #merge(intervals: readonly Interval<T>[]): readonly Interval<T>[] {
    const { compare, after } = this.#plan.scale;
    const sorted = intervals.toSorted((a, b) => compare(a.start, b.start) || compare(a.end, b.end));
    const result: Interval<T>[] = [];
    for (const interval of sorted) {
      const last = result.at(-1);
      if (last === undefined || compare(after(last.end), interval.start) < 0) {
        result.push(interval);
        continue;
      }
      result[result.length - 1] = {
        start: last.start,
        end: greater(compare, last.end, interval.end),
        latest:
          last.latest === null || interval.latest === null
            ? (last.latest ?? interval.latest)
            : greater(compare, last.latest, interval.latest),
      };
    }
    return result;
  }
}

function greater<T>(compare: (one: T, other: T) => number, one: T, other: T): T {
  return compare(one, other) < 0 ? other : one;
}

function laterOf<T>({ scale }: IntervalPlan<T>, start: T, known: T | undefined): T {
  return known === undefined ? start : greater(scale.compare, start, known);
}

function stateValue<T>({ state, field, scale }: IntervalPlan<T>): T | undefined {
  const value = state[field];
  if (value === undefined) return undefined;
  const point = value === null ? undefined : scale.read(value);
  if (point === undefined) throw unreadable(field, "the state");
  return point;
}

function intervalsIn<T>(state: JsonObject, { scale, field }: IntervalPlan<T>): readonly Interval<T>[] {
  const slices = Array.isArray(state["slices"]) ? (state["slices"] as readonly JsonValue[]) : [];
  return slices.filter(isObject).map(({ start, end, most_recent_cursor_value: latest }) => {
    const [from, to] = [scale.read(start ?? null), scale.read(end ?? null)];
    if (from === undefined || to === undefined) throw unreadable(field, "the state");
    return { start: from, end: to, latest: latest === undefined ? null : (scale.read(latest) ?? null) };
  });
}

function unreadable(field: string, where: string): WeirError {
  return new WeirError({
    code: "manifest.state",
    message: `The value of ${field} in ${where} cannot be read in any of the cursor's formats.`,
    next: "Correct the cursor's formats in the manifest, or refresh the stream.",
    recovery: "ask",
    origin: "source",
    path: field,
  });
}
