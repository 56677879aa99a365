import type { Catalog, ConfiguredStream, Failure, StreamPlan, WriteMode } from "@weir/protocol";
import { schemaOf, streamKey, WeirError } from "@weir/protocol";
import type { Checkpoints, StreamDocument, StreamShape } from "./document.ts";
import { NO_ROWS } from "./document.ts";
import type { LoadPlan } from "./load-plan.ts";
import { isNamed, planLoad } from "./load-plan.ts";
import { refuseSharedTables, tableFor } from "./naming.ts";
import type { Connection, SyncRequest } from "./request.ts";
import type { PlannedStream } from "./planned-stream.ts";
import type { RefusedStream } from "./refused.ts";
import { failureAlone, waiting } from "./refused.ts";
import type { SchemaDecision } from "./schema-change.ts";
import { decideSchema } from "./schema-change.ts";
import type { SelectedStream } from "./select.ts";
import { isDedup, isIncremental, selectedFields, selectStreams } from "./select.ts";

export interface SyncPlan {
  readonly streams: readonly PlannedStream[];
  /** Streams that cannot be moved in this attempt. */
  readonly refused: readonly RefusedStream[];
  readonly notes: readonly string[];
  readonly notices: readonly string[];
}

export interface PlanInput {
  readonly request: SyncRequest;
  readonly catalog: Catalog;
  readonly held: Checkpoints;
  readonly sync: number;
  /** What the destination can do; absent: everything. */
  readonly modes?: readonly WriteMode[];
  /** Streams whose table is gone: they start from nothing. */
  readonly lost?: ReadonlySet<string>;
}

/** Plans an attempt from what the source offers and what the destination holds. [I4] */
export function planSync(input: PlanInput): SyncPlan {
  const { request, catalog, held } = input;
  const { connection } = request;
  const offered = selectStreams(connection, catalog, input.modes);
  const selected = offered.filter((stream) => isWanted(connection, stream, held));
  refuseUnknownNames(request, selected);
  refuseSharedTables(
    selected.map((stream) => ({ stream: stream.stream, table: tableFor(connection, stream.stream) })),
  );
  const notes = offered.filter((stream) => !selected.includes(stream)).map(({ key }) => notJoined(key));
  const notices = vanished(held, selected);
  const refused: RefusedStream[] = [];
  const streams: PlannedStream[] = [];
  for (const stream of selected) {
    const one = planOne(input, stream);
    if ("failure" in one) {
      refused.push(one);
      continue;
    }
    streams.push(one.planned);
    notes.push(...one.notes);
    notices.push(...one.notices);
  }
  refused.push(...waiting(held.connection, refused, streams));
  const rest = streams.filter(({ selected: { key } }) => !refused.some((each) => each.selected.key === key));
  return { streams: readTogether(rest, held), refused, notes, notices };
}

interface PlannedOne extends Pick<SyncPlan, "notes" | "notices"> {
  readonly planned: PlannedStream;
}

function planOne(input: PlanInput, stream: SelectedStream): PlannedOne | RefusedStream {
  const { request, held } = input;
  const { connection } = request;
  const table = tableFor(connection, stream.stream);
  const before = input.lost?.has(stream.key) === true ? undefined : held.streams.get(stream.key);
  const rows = before?.sync === input.sync ? before.counts : NO_ROWS;
  const refuse = (failure: Failure): RefusedStream => ({ selected: stream, table, failure, rows });
  if (stream.refusal !== undefined) return refuse(stream.refusal);
  let decision: SchemaDecision;
  try {
    decision = decideSchema({
      selected: stream,
      before,
      policy: connection.schemaChanges,
      accept: request.acceptSchema === true || refreshed(request, stream),
    });
  } catch (error) {
    return refuse(failureAlone(error, stream.key));
  }
  const fields = selectedFields(stream, decision.fields);
  const choice = { fields, primaryKey: stream.primaryKey, cursor: stream.cursor };
  const load = planLoad({
    request,
    sync: input.sync,
    selected: stream,
    choice,
    table: streamKey(table),
    before,
    connection: held.connection,
  });
  const planned = planStream(input, {
    selected: stream,
    choice,
    schema: decision.schema,
    planned: load,
    before,
  });
  return {
    planned,
    notes: before?.sync === input.sync ? [] : decision.notes,
    notices: [...load.notices, ...leftOut(held, planned)],
  };
}

/**
 * Streams under one shared state are read together or not at all: it moves on over what is left out. Rows that came after
 * the last state come again then.
 */
function readTogether(streams: readonly PlannedStream[], held: Checkpoints): readonly PlannedStream[] {
  const { form, covers = [] } = held.connection ?? {};
  const moves = streams.some(({ work, selected }) => work === "read" && isIncremental(selected.mode));
  if (form === undefined || form === "STREAM" || !moves) return streams;
  return streams.map((planned) => {
    const { work, document, selected } = planned;
    if (!isIncremental(selected.mode) || !covers.includes(selected.key)) return planned;
    if (work !== "nothing" && work !== "finish") return planned;
    const phase = document.phase === "loaded" ? "loading" : document.phase;
    const overlap = document.overlap || document.uncovered;
    return { ...planned, work: "read", document: { ...document, phase, overlap, uncovered: false } };
  });
}

/** With streams `all`, a stream that appeared later joins only under propagate_fully. */
function isWanted(connection: Connection, stream: SelectedStream, held: Checkpoints): boolean {
  if (connection.streams !== "all" || connection.schemaChanges === "propagate_fully") return true;
  return held.streams.size === 0 || held.streams.has(stream.key);
}

function notJoined(key: string): string {
  return `${key}: a stream this connection does not read yet; with schemaChanges propagate_fully it joins.`;
}

function vanished(held: Checkpoints, selected: readonly SelectedStream[]): string[] {
  const there = new Set(selected.map(({ key }) => key));
  return [...held.streams]
    .filter(([key, { phase }]) => phase !== "complete" && !there.has(key))
    .map(
      ([key]) =>
        `${key}: its load was interrupted and the stream is no longer read; what was loaded of it is not complete.`,
    );
}

/** A stream that was away while the shared state moved on starts anew at the source; rows appended before stay. */
function leftOut({ connection, streams }: Checkpoints, { selected, work, plan }: PlannedStream): string[] {
  const { key, mode } = selected;
  if (connection?.form !== "GLOBAL" || connection.covers.length === 0) return [];
  if (mode !== "incremental_append" || plan.mode !== "append" || work !== "read") return [];
  if (!streams.has(key) || connection.covers.includes(key)) return [];
  return [
    `${key}: the source's state moved on without this stream: the rows already there stay, and everything is read again and appended to them, so that rows stand twice. Refresh the stream for one copy of each.`,
  ];
}

function refreshed(request: SyncRequest, stream: SelectedStream): boolean {
  return (
    isNamed(
      stream,
      request.refresh?.map(({ stream: name }) => name),
    ) || isNamed(stream, request.clear)
  );
}

function refuseUnknownNames(request: SyncRequest, selected: readonly SelectedStream[]): void {
  const asked = [...(request.clear ?? []), ...(request.refresh ?? []).map(({ stream }) => stream)];
  const unknown = asked.filter((name) => !selected.some((stream) => isNamed(stream, [name])));
  if (unknown.length === 0) return;
  throw new WeirError({
    code: "config.stream_unknown",
    message: `No stream of the connection is called ${unknown.join(", ")}.`,
    next: `Its streams are ${selected.map(({ key }) => key).join(", ")}.`,
    recovery: "ask",
    origin: "config",
  });
}

interface StreamInput {
  readonly selected: SelectedStream;
  readonly choice: StreamShape;
  readonly schema: StreamShape;
  readonly planned: LoadPlan;
  readonly before: StreamDocument | undefined;
}

function planStream({ request, sync }: PlanInput, input: StreamInput): PlannedStream {
  const { selected, choice, schema, planned, before } = input;
  const table = tableFor(request.connection, selected.stream);
  // A load that starts anew drops its rows, and their counts with them.
  const again = before?.sync === sync && before.generation === planned.load.generation;
  const document: StreamDocument = {
    ...planned.load,
    mode: selected.mode,
    sync,
    counts: again ? before.counts : NO_ROWS,
    rejects: again ? before.rejects : [],
    finished: before?.finished ?? 0,
    schema,
    choice,
    table: streamKey(table),
  };
  const replacing = document.phase !== "complete" && document.minimumGeneration === document.generation;
  const plan: StreamPlan = {
    key: selected.key,
    table,
    fields: choice.fields,
    primaryKey: selected.primaryKey,
    cursor: selected.cursor,
    mode: writeMode(selected, replacing),
    generation: document.generation,
    minimumGeneration: replacing ? document.minimumGeneration : 0,
    fresh: before === undefined || before.phase === "complete" || before.generation !== document.generation,
    nativeTypes: request.connection.nativeTypes,
  };
  const { work, anew } = planned;
  return { selected, configured: configure(selected, plan, sync), plan, document, work, anew };
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
    phase: "loading",
    state: null,
    overlap: !replacing,
    ...(replacing ? { counts: NO_ROWS, rejects: [] } : {}),
  };
  const next: StreamPlan = {
    ...plan,
    generation,
    minimumGeneration: again.minimumGeneration,
    fresh: replacing || plan.fresh,
  };
  const configured = configure(planned.selected, next, document.sync);
  return { ...planned, anew: true, document: again, plan: next, configured };
}

function writeMode(selected: SelectedStream, replacing: boolean): WriteMode {
  if (isDedup(selected.mode)) return replacing ? "overwrite_dedup" : "append_dedup";
  return replacing ? "overwrite" : "append";
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
