import type { Field } from "@weir/protocol";
import type { ConnectionDocument, StreamDocument, StreamShape } from "./document.ts";
import type { SyncRequest } from "./request.ts";
import type { SelectedStream } from "./select.ts";
import { isDedup, isIncremental } from "./select.ts";

/** What an attempt does for a stream: read it, empty it, finish what was read before, or leave it alone. */
export type Work = "read" | "clear" | "finish" | "nothing";

type Load = Pick<
  StreamDocument,
  "generation" | "minimumGeneration" | "phase" | "clear" | "uncovered" | "since" | "overlap" | "state"
>;

export interface LoadPlan {
  readonly load: Load;
  readonly work: Work;
  /** The stream starts from nothing: no state, shared or its own, may reach the source. */
  readonly anew: boolean;
  readonly notices: readonly string[];
}

export interface LoadInput {
  readonly request: SyncRequest;
  readonly sync: number;
  readonly selected: SelectedStream;
  readonly choice: StreamShape;
  /** Where the rows go, as a stream key. */
  readonly table: string;
  readonly before: StreamDocument | undefined;
  readonly connection: ConnectionDocument | undefined;
}

/** The rows of SPEC.md's generation table. */
export function planLoad(input: LoadInput): LoadPlan {
  const { request, sync, selected, before } = input;
  const same = before !== undefined && isSameLoad(input, before);
  // An attempt of this sync has begun: what was asked at its start is in the checkpoint.
  if (same && before.sync === sync) {
    if (before.finished === sync && isStillRight(input, before)) return leave(before, "nothing"); // [I10]
    if (before.phase !== "complete") return goOn(input, before);
  }
  if (isNamed(selected, request.clear)) return startAnew(input, { replace: true, clear: true });
  const refresh = request.refresh?.find(({ stream }) => isNamed(selected, [stream]));
  if (refresh !== undefined) return startAnew(input, { replace: !refresh.retain });
  if (same && before.phase !== "complete") return goOn(input, before);
  if (same && isIncremental(selected.mode)) return increment(input, before);
  const due = before !== undefined && isReplacementDue(before);
  return startAnew(input, { replace: due || !appends(selected), clear: due && before.clear });
}

/** A finished stream whose table was replaced must have the fields chosen now; one that was appended to gains columns. */
function isStillRight({ choice }: LoadInput, before: StreamDocument): boolean {
  return before.phase === "complete" && (appends(before) || hasFields(before, choice));
}

function appends({ mode }: Pick<StreamDocument, "mode">): boolean {
  return mode === "full_refresh_append" || isIncremental(mode);
}

/** A refresh or a clear that was begun and not finished is still due when it cannot be gone on with. */
function isReplacementDue(before: StreamDocument): boolean {
  return before.phase !== "complete" && before.minimumGeneration > 0 && (before.clear || appends(before));
}

function startAnew(
  input: LoadInput,
  { replace, clear = false }: { readonly replace: boolean; readonly clear?: boolean },
): LoadPlan {
  const { sync, before } = input;
  const generation = (before?.generation ?? 0) + 1;
  const load: Load = {
    generation,
    minimumGeneration: replace ? generation : 0,
    phase: "loading",
    clear,
    uncovered: false,
    since: sync,
    overlap: false,
    state: null,
  };
  const notices = clear || replace ? [] : noticesOfAppending(input);
  return { load, work: clear ? "clear" : "read", anew: true, notices };
}

function noticesOfAppending({ selected, before, table }: LoadInput): readonly string[] {
  if (before === undefined) return [];
  if (isMoved(before, table)) {
    return [
      `${selected.key}: its rows go to another table now: everything is read again into that one, rows in the old one stay.`,
    ];
  }
  return selected.mode === "incremental_append"
    ? [
        `${selected.key}: mode, cursor or key changed, or a refresh retains rows: the rows already there stay, and everything is read again and appended to them, so that rows stand twice. Refresh the stream without retaining for one copy of each.`,
      ]
    : [];
}

/** A load that was interrupted, or read to its end and not finished. */
function goOn(input: LoadInput, before: StreamDocument): LoadPlan {
  const loaded = before.phase === "loaded";
  // An increment of an earlier sync is read on: this one owes the rows that have come since.
  if (loaded && (before.sync === input.sync || !isIncremental(before.mode))) return leave(before, "finish");
  if (before.clear) return leave(before, "clear");
  const leftOut = isLeftOut(input, before);
  const load: Load = { ...before, phase: "loading", uncovered: false };
  if (!before.uncovered && !leftOut) return leave(load, "read");
  if (before.minimumGeneration > 0) return startAnew(input, { replace: true });
  // Rows after the last state come again from there.
  if (loaded && !leftOut) return leave({ ...load, overlap: true }, "read");
  return { ...leave({ ...load, state: null, overlap: true }, "read"), anew: true };
}

/** Rows are there, but the shared state has moved on without the stream: the source reads it from the start. */
function isLeftOut({ connection, selected }: LoadInput, before: StreamDocument): boolean {
  const form = connection?.form;
  if (form === undefined || form === "STREAM" || !isIncremental(selected.mode)) return false;
  if (connection?.covers.includes(selected.key)) return false;
  return before.counts.committed > 0 || before.since !== before.sync;
}

function increment({ sync }: LoadInput, before: StreamDocument): LoadPlan {
  return leave({ ...before, minimumGeneration: 0, since: sync, overlap: false }, "read");
}

function leave(load: Load, work: Work): LoadPlan {
  return { load, work, anew: false, notices: [] };
}

/**
 * Whether rows and state of the checkpoint can be gone on from under today's choices. A replacing load must keep its
 * fields, or its rows would be of two kinds; an appending one may gain columns as any table does.
 */
function isSameLoad({ selected, choice, table }: LoadInput, before: StreamDocument): boolean {
  if (before.mode !== selected.mode || before.choice.cursor !== selected.cursor) return false;
  if (isMoved(before, table)) return false;
  if (isDedup(selected.mode) && !equal(before.choice.primaryKey, choice.primaryKey)) return false;
  const replacing = before.phase !== "complete" && before.minimumGeneration > 0;
  return !replacing || hasFields(before, choice);
}

function isMoved(before: StreamDocument, table: string): boolean {
  return before.table !== undefined && before.table !== table;
}

function hasFields(before: StreamDocument, choice: StreamShape): boolean {
  return equal(before.choice.fields.map(fieldText), choice.fields.map(fieldText));
}

function fieldText({ name, kind, precision, scale }: Field): string {
  return JSON.stringify([name, kind, precision, scale]);
}

function equal(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

export function isNamed(selected: SelectedStream, names: readonly string[] | undefined): boolean {
  return (
    names?.some((name) => name === selected.key || name === selected.stream.name || name === "*") === true
  );
}
