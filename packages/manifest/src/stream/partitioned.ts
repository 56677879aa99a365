import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Cursor, CursorRead } from "../components/cursor/contract.ts";
import type { PartitionRouter, RouterReading } from "../components/partition-router/contract.ts";
import type { Slice } from "../components/requester/contract.ts";
import type { StreamReading, StreamSlice } from "../components/stream/contract.ts";
import { ParentStates } from "./parent-states.ts";
import type { StreamParts } from "./parts.ts";
import { recordsOf } from "./parts.ts";
import { sliceKey } from "./slice-key.ts";

/** Partitions of one sync beyond which a single state stands for all of them. */
const MOST_STATES = 10_000;
/** Partitions whose progress is remembered; beyond it the oldest are forgotten. */
const MOST_KEPT = 25_000;
/** Between two states of a stream: each holds every partition. */
const STATE_MS = 600_000;

interface Kept {
  readonly partition: JsonObject;
  readonly read: CursorRead;
}

/** Reads a stream with partitions incrementally: a state for each partition, and one for those to come. */
export class PartitionedReading implements StreamReading {
  readonly isRestarted = false;
  readonly #parts: StreamParts;
  readonly #cursor: Cursor;
  readonly #field: string;
  readonly #router: RouterReading;
  readonly #kept = new Map<string, Kept>();
  readonly #begun = new Set<string>();
  readonly #open = new Set<string>();
  readonly #parents: ParentStates;
  readonly #started: number;
  #known = 0;
  #isGlobal: boolean;
  /** What partitions without a state of their own begin from. */
  #global: JsonObject | null = null;
  /** The greatest value met, which becomes the global one when the sync ends well. */
  #greatest: JsonValue | null = null;
  #lookback = 0;
  #hasRecords = false;
  #emittedAt = 0;
  #globalRead: CursorRead | null = null;

  constructor(parts: StreamParts, cursor: Cursor, router: PartitionRouter) {
    this.#parts = parts;
    this.#cursor = cursor;
    this.#field = parts.cursorField ?? cursor.field;
    this.#router = router.open({ state: parts.state });
    this.#isGlobal = router.isGrouping || cursor.isGlobal;
    this.#started = parts.now();
    const state = parts.state ?? {};
    const parents = state["parent_state"];
    this.#parents = new ParentStates(isObject(parents) && Object.keys(parents).length > 0 ? parents : null);
    this.#restore(state);
  }

  #restore(state: JsonObject): void {
    if (Object.keys(state).length === 0) return;
    const { states, state: global, use_global_cursor: isGlobal, lookback_window: lookback } = state;
    if (states === undefined && global === undefined) return this.#restoreGlobal(state);
    this.#isGlobal = isGlobal === true;
    this.#lookback = Math.trunc(Number(lookback ?? 0)) || 0;
    for (const item of Array.isArray(states) ? (states as readonly JsonValue[]) : []) {
      if (!isObject(item) || !isObject(item["partition"])) continue;
      const { partition, cursor } = item;
      this.#known += 1;
      const read = this.#begin(isObject(cursor) ? cursor : {}, 0);
      this.#kept.set(sliceKey(partition), { partition, read });
    }
    if (isObject(global)) this.#restoreGlobal(global);
  }

  #restoreGlobal(state: JsonObject): void {
    const value = state[this.#field];
    const written = value === undefined ? undefined : this.#cursor.written(value);
    if (written === undefined) return;
    this.#global = { [this.#field]: written };
    this.#greatest = written;
  }

  #begin(state: JsonObject | null, lookbackSeconds: number): CursorRead {
    return this.#cursor.begin(state, { lookbackSeconds, field: this.#parts.cursorField });
  }

  /** Of a partition without a state of its own. */
  #beginNew(): CursorRead {
    return this.#begin(this.#global, this.#global === null ? 0 : this.#lookback);
  }

  async *slices(signal: AbortSignal): AsyncGenerator<StreamSlice> {
    for await (const partition of this.#router.partitions(signal)) {
      this.#limit();
      const key = sliceKey(partition.partition);
      const kept = this.#kept.get(key) ?? this.#keep(key, partition.partition);
      // A partition that comes again, from another parent or page, is read once.
      if (this.#begun.has(key)) continue;
      this.#begun.add(key);
      this.#open.add(key);
      this.#parents.begin(key, this.#router.parents());
      yield* this.#slicesOf(key, partition, kept.read);
    }
  }

  *#slicesOf(key: string, from: Slice, read: CursorRead): Generator<StreamSlice> {
    let held: JsonObject | null = null;
    const sliceOf = (cursor: JsonObject, isLast: boolean): StreamSlice => {
      const slice = { ...from, cursor };
      return {
        slice,
        records: (signal) => recordsOf(this.#parts, slice, this.#filter(read), signal),
        observe: (record) => this.#observe(record, slice, read),
        close: () => this.#close(key, slice, read, isLast),
      };
    };
    for (const borders of read.slices()) {
      if (held !== null) yield sliceOf(held, false);
      held = borders;
    }
    if (held !== null) yield sliceOf(held, true);
    else this.#open.delete(key);
  }

  #filter(read: CursorRead): Pick<CursorRead, "additions" | "isWanted"> {
    if (!this.#isGlobal) return read;
    this.#globalRead ??= this.#beginNew();
    const global = this.#globalRead;
    return {
      additions: (slice) => read.additions(slice),
      isWanted: (record) => global.isWanted(record),
    };
  }

  #keep(key: string, partition: JsonObject): Kept {
    const kept = { partition, read: this.#beginNew() };
    this.#known += 1;
    this.#kept.set(key, kept);
    return kept;
  }

  #limit(): void {
    if (this.#known > MOST_STATES) this.#isGlobal = true;
    if (this.#kept.size < MOST_KEPT) return;
    for (const key of this.#kept.keys()) {
      if (this.#open.has(key)) continue;
      this.#kept.delete(key);
      if (this.#kept.size < MOST_KEPT) return;
    }
  }

  #observe(record: JsonObject, slice: Slice, read: CursorRead): void {
    const value = record[this.#field];
    const written = value === undefined || value === null ? undefined : this.#cursor.written(value);
    if (written === undefined) return;
    this.#hasRecords = true;
    this.#raise(written);
    if (!this.#isGlobal) read.observe(record, slice);
  }

  /** Written values are compared as they are, as texts where they are texts. */
  #raise(value: JsonValue): void {
    const greatest = this.#greatest;
    if (greatest === null || isLess(greatest, value)) this.#greatest = value;
  }

  #close(key: string, slice: Slice, read: CursorRead, isLast: boolean): boolean {
    if (!this.#isGlobal) {
      read.close(slice);
      const value = read.state()[this.#field];
      if (isLast && value !== undefined) this.#raise(value);
    }
    if (isLast) {
      this.#open.delete(key);
      this.#parents.close(key);
    }
    return this.#isDue();
  }

  #isDue(): boolean {
    const now = this.#parts.now();
    if (now - this.#emittedAt <= STATE_MS) return false;
    this.#emittedAt = now;
    const parents = this.#parents.current;
    return !this.#isGlobal || (parents !== null && Object.keys(parents).length > 0);
  }

  finish(): void {
    if (this.#hasRecords) {
      this.#global = this.#greatest === null ? this.#global : { [this.#field]: this.#greatest };
      this.#lookback = Math.ceil((this.#parts.now() - this.#started) / 1000);
    }
    this.#parents.finish(this.#router.parents());
  }

  state(): JsonObject {
    const parents = this.#parents.current;
    return {
      use_global_cursor: this.#isGlobal,
      ...(this.#isGlobal ? {} : { states: this.#states() }),
      ...(this.#global === null ? {} : { state: this.#global }),
      lookback_window: this.#lookback,
      ...(parents === null ? {} : { parent_state: parents }),
    };
  }

  #states(): readonly JsonObject[] {
    return [...this.#kept.values()]
      .map(({ partition, read }) => ({ partition, cursor: read.state() }))
      .filter(({ cursor }) => Object.keys(cursor).length > 0);
  }
}

function isLess(one: JsonValue, other: JsonValue): boolean {
  if (typeof one === "string" && typeof other === "string") return one < other;
  return Number(one) < Number(other);
}
