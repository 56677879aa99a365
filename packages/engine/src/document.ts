import type { Field, FieldKind, Held, JsonObject, JsonValue, StoredCheckpoint } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { RowCounts } from "./events.ts";
import type { SyncMode } from "./request.ts";

/** What the destination keeps for one stream: SPEC.md "checkpoint". */
export interface StreamDocument {
  readonly mode: SyncMode;
  readonly generation: number;
  readonly minimumGeneration: number;
  /** `loaded`: read to the end, `finish` not yet done. */
  readonly phase: "loading" | "loaded" | "complete";
  /** The load is a clear: nothing is read. */
  readonly clear: boolean;
  /** Rows were committed that no state of this stream covers: the load cannot be gone on with. */
  readonly uncovered: boolean;
  /** Sync in which the load of this generation began. */
  readonly since: number;
  /** Some part of this load repeated rows: see Part.overlap. */
  readonly overlap: boolean;
  readonly state: JsonValue | null;
  /** Sync the counts and rejects belong to. */
  readonly sync: number;
  readonly counts: RowCounts;
  readonly rejects: readonly string[];
  /** Sync in which the stream was last finished; 0 for never. */
  readonly finished: number;
  /** What the source offered when the stream was last planned, to see schema changes. */
  readonly schema: StreamShape;
  /** What was chosen of it: a load goes on only under the same choice. */
  readonly choice: StreamShape;
  /** Where the rows go, as a stream key; undefined where it was never planned. */
  readonly table?: string | undefined;
}

export interface StreamShape {
  readonly fields: readonly Field[];
  readonly primaryKey: readonly string[];
  readonly cursor?: string | undefined;
}

/** What the destination keeps for the connection as a whole, under stream `""`. */
export interface ConnectionDocument {
  readonly sync: number;
  /** `running` after the process died: the next one goes on under the same number. */
  readonly status: "running" | "succeeded" | "failed" | "cancelled";
  /** Set once a message session has sent a state of that form. */
  readonly form?: "GLOBAL" | "LEGACY" | "STREAM" | undefined;
  /** The shared state of a GLOBAL or the data of a LEGACY source. */
  readonly state?: JsonValue | undefined;
  /** Keys of the incremental streams whose rows the shared state covers. */
  readonly covers: readonly string[];
}

export const NO_ROWS: RowCounts = { read: 0, committed: 0, rejected: 0, changed: 0 };

const VERSION = 1;

export function storeStream(stream: string, document: StreamDocument): StoredCheckpoint {
  return { stream, document: { version: VERSION, ...(document as unknown as JsonObject) } };
}

export function storeConnection(document: ConnectionDocument): StoredCheckpoint {
  return { stream: "", document: { version: VERSION, ...(document as unknown as JsonObject) } };
}

export interface Checkpoints {
  readonly connection: ConnectionDocument | undefined;
  readonly streams: ReadonlyMap<string, StreamDocument>;
}

/** Reads what a destination holds. Refuses documents of another version: starting anew would double appended rows. */
export function readCheckpoints(held: Held): Checkpoints {
  const streams = new Map<string, StreamDocument>();
  let connection: ConnectionDocument | undefined;
  for (const { stream, document } of held.checkpoints) {
    if (document["version"] !== VERSION) throw unknownVersion(stream);
    if (stream === "") connection = readConnection(document);
    else streams.set(stream, readStream(document));
  }
  return { connection, streams };
}

function readConnection(document: JsonObject): ConnectionDocument {
  const form = document["form"];
  return {
    sync: numberOf(document["sync"]),
    status: (document["status"] ?? "failed") as ConnectionDocument["status"],
    form: typeof form === "string" ? (form as ConnectionDocument["form"]) : undefined,
    state: document["state"],
    covers: textsOf(document["covers"]),
  };
}

function readStream(document: JsonObject): StreamDocument {
  const counts = isObject(document["counts"]) ? document["counts"] : {};
  return {
    mode: document["mode"] as SyncMode,
    generation: numberOf(document["generation"]),
    minimumGeneration: numberOf(document["minimumGeneration"]),
    phase: document["phase"] as StreamDocument["phase"],
    clear: document["clear"] === true,
    uncovered: document["uncovered"] === true,
    since: numberOf(document["since"]),
    overlap: document["overlap"] === true,
    state: document["state"] ?? null,
    sync: numberOf(document["sync"]),
    counts: {
      read: numberOf(counts["read"]),
      committed: numberOf(counts["committed"]),
      rejected: numberOf(counts["rejected"]),
      changed: numberOf(counts["changed"]),
    },
    rejects: textsOf(document["rejects"]),
    finished: numberOf(document["finished"]),
    schema: readShape(document["schema"]),
    choice: readShape(document["choice"]),
    table: typeof document["table"] === "string" ? document["table"] : undefined,
  };
}

function readShape(value: JsonValue | undefined): StreamShape {
  const shape = isObject(value) ? value : {};
  const fields = Array.isArray(shape["fields"]) ? (shape["fields"] as readonly JsonObject[]) : [];
  return {
    fields: fields.map((field) => ({ ...(field as unknown as Field), kind: field["kind"] as FieldKind })),
    primaryKey: textsOf(shape["primaryKey"]),
    cursor: typeof shape["cursor"] === "string" ? shape["cursor"] : undefined,
  };
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function unknownVersion(stream: string): WeirError {
  return new WeirError({
    code: "engine.checkpoint_unknown",
    message: `The destination's checkpoint of ${stream === "" ? "the connection" : stream} was written by another version of Weir.`,
    next: "Use the version that wrote it, or give the connection another name to start from nothing.",
    recovery: "ask",
    origin: "engine",
  });
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

export function addCounts(left: RowCounts, right: RowCounts): RowCounts {
  return {
    read: left.read + right.read,
    committed: left.committed + right.committed,
    rejected: left.rejected + right.rejected,
    changed: left.changed + right.changed,
  };
}
