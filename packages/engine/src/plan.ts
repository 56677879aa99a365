import type { ConfiguredStream, Catalog, StreamPlan, WriteMode } from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import type { Checkpoints, StreamDocument } from "./document.ts";
import { NO_ROWS } from "./document.ts";
import { refuseSharedTables, tableFor } from "./naming.ts";
import type { Connection, SyncRequest } from "./request.ts";
import { decideSchema } from "./schema-change.ts";
import type { SelectedStream } from "./select.ts";
import { isDedup, isIncremental, selectedFields, selectStreams } from "./select.ts";

/** One stream of one attempt: what to read, where to write, and the checkpoint to go on from. */
export interface PlannedStream {
  readonly selected: SelectedStream;
  readonly configured: ConfiguredStream;
  readonly plan: StreamPlan;
  /** As it stands before the attempt; the runner makes the next ones from it. */
  readonly document: StreamDocument;
  readonly work: "read" | "clear" | "nothing";
  /** The stream is read from its start: no earlier state of it may reach the source. */
  readonly anew: boolean;
}

export interface SyncPlan {
  readonly streams: readonly PlannedStream[];
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly request: SyncRequest;
  readonly catalog: Catalog;
  readonly held: Checkpoints;
  readonly sync: number;
}

/** Plans an attempt from what the source offers and what the destination holds. [I4] */
export function planSync(input: PlanInput): SyncPlan {
  const { request, catalog, held } = input;
  const { connection } = request;
  const selected = selectStreams(connection, catalog).filter((stream) => isWanted(connection, stream, held));
  const tables = selected.map((stream) => ({
    stream: stream.stream,
    table: tableFor(connection, stream.stream),
  }));
  refuseSharedTables(tables);
  const notes: string[] = [];
  const streams = selected.map((stream) => {
    const before = held.streams.get(stream.key);
    const decision = decideSchema(stream, before, connection.schemaChanges, request.acceptSchema === true);
    if (before?.sync !== input.sync) notes.push(...decision.notes);
    return planStream(input, stream, selectedFields(stream, decision.fields), before);
  });
  return { streams, notes };
}

/** With streams `all`, a stream that appeared later joins only under propagate_fully. */
function isWanted(connection: Connection, stream: SelectedStream, held: Checkpoints): boolean {
  if (connection.streams !== "all" || connection.schemaChanges === "propagate_fully") return true;
  return held.streams.size === 0 || held.streams.has(stream.key);
}

function planStream(
  input: PlanInput,
  selected: SelectedStream,
  fields: StreamPlan["fields"],
  before: StreamDocument | undefined,
): PlannedStream {
  const { request, sync } = input;
  const work = workFor(input, selected, before);
  const load = work === "nothing" && before !== undefined ? before : nextLoad(input, selected, before);
  const document: StreamDocument = {
    ...load,
    mode: selected.mode,
    sync,
    counts: before?.sync === sync ? before.counts : NO_ROWS,
    rejects: before?.sync === sync ? before.rejects : [],
    finished: before?.finished ?? 0,
    schema: { fields, primaryKey: selected.primaryKey, cursor: selected.cursor },
  };
  const replacing = document.phase === "loading" && document.minimumGeneration === document.generation;
  const plan: StreamPlan = {
    key: selected.key,
    table: tableFor(request.connection, selected.stream),
    fields,
    primaryKey: selected.primaryKey,
    cursor: selected.cursor,
    mode: writeMode(selected, replacing),
    generation: document.generation,
    minimumGeneration: replacing ? document.minimumGeneration : 0,
    fresh: before === undefined || before.phase !== "loading" || before.generation !== document.generation,
    nativeTypes: request.connection.nativeTypes,
  };
  const anew = before === undefined || document.generation !== before.generation;
  return { selected, configured: configure(selected, plan, sync), plan, document, work, anew };
}

function workFor(
  input: PlanInput,
  selected: SelectedStream,
  before: StreamDocument | undefined,
): PlannedStream["work"] {
  // [I10] Finished under this number: a crash or a retry came later.
  if (before?.finished === input.sync && before.phase === "complete") return "nothing";
  return input.request.clear?.some((name) => names(selected, name)) === true ? "clear" : "read";
}

type Load = Pick<
  StreamDocument,
  "generation" | "minimumGeneration" | "phase" | "since" | "overlap" | "state"
>;

/** The rows of SPEC.md's generation table. */
function nextLoad(input: PlanInput, selected: SelectedStream, before: StreamDocument | undefined): Load {
  const { request, sync } = input;
  const continuing = before !== undefined && before.sync === sync;
  const refresh = request.refresh?.find(({ stream }) => names(selected, stream));
  const clear = request.clear?.some((name) => names(selected, name)) === true;
  const generation = (before?.generation ?? 0) + 1;
  const anew = (replace: boolean): Load => ({
    generation,
    minimumGeneration: replace ? generation : 0,
    phase: "loading",
    since: sync,
    overlap: false,
    state: null,
  });
  // An attempt of this sync has already begun the load: go on, whatever was asked at its start.
  if (continuing && before.phase === "loading" && sameLoad(before, selected)) return before;
  if (clear) return anew(true);
  if (refresh !== undefined) return anew(!refresh.retain);
  if (before === undefined)
    return anew(!isIncremental(selected.mode) && selected.mode !== "full_refresh_append");
  if (isIncremental(selected.mode)) return sameLoad(before, selected) ? goOn(before, sync) : anew(false);
  if (before.phase === "loading" && sameLoad(before, selected)) return before;
  return anew(selected.mode !== "full_refresh_append");
}

/** Rows staged or state kept under another way of loading cannot be continued. */
function sameLoad(before: StreamDocument, selected: SelectedStream): boolean {
  return before.mode === selected.mode && before.schema.cursor === selected.cursor;
}

function goOn(before: StreamDocument, sync: number): Load {
  if (before.phase === "loading") return before;
  return { ...before, minimumGeneration: 0, since: sync, overlap: false };
}

/**
 * The stream planned again after its source refused the state. A replacing load begins a new generation; an appending
 * one keeps its rows and reads everything again, the newest row of each key winning when it is finished.
 */
export function restartStream(planned: PlannedStream): PlannedStream {
  const { document, plan } = planned;
  const replacing = plan.minimumGeneration > 0;
  const generation = replacing ? document.generation + 1 : document.generation;
  const again: StreamDocument = {
    ...document,
    generation,
    minimumGeneration: replacing ? generation : 0,
    state: null,
    overlap: !replacing,
  };
  const next: StreamPlan = {
    ...plan,
    generation,
    minimumGeneration: again.minimumGeneration,
    fresh: replacing || plan.fresh,
  };
  return {
    ...planned,
    document: again,
    plan: next,
    configured: configure(planned.selected, next, document.sync),
  };
}

function writeMode(selected: SelectedStream, replacing: boolean): WriteMode {
  if (isDedup(selected.mode)) return replacing ? "overwrite_dedup" : "append_dedup";
  return replacing ? "overwrite" : "append";
}

function names(selected: SelectedStream, name: string): boolean {
  return name === selected.key || name === selected.stream.name || name === "*";
}

function configure(selected: SelectedStream, plan: StreamPlan, sync: number): ConfiguredStream {
  return {
    stream: { ...selected.stream, json_schema: schemaOf(plan.fields) },
    sync_mode: isIncremental(selected.mode) ? "incremental" : "full_refresh",
    destination_sync_mode: isDedup(selected.mode)
      ? "append_dedup"
      : plan.mode === "overwrite"
        ? "overwrite"
        : "append",
    ...(selected.cursor === undefined ? {} : { cursor_field: [selected.cursor] }),
    primary_key: plan.primaryKey.map((name) => [name]),
    generation_id: plan.generation,
    minimum_generation_id: plan.minimumGeneration,
    sync_id: sync,
  };
}
