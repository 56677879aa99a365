import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/**
 * What a snapshot sees. Every transaction below `xmin` had ended, none from `xmax` on. Of those in between the
 * snapshot sees all but `open`: these were under way just before it was taken, subtransactions included, and few of them
 * may have ended in the moment between. `all`: there were too many to tell.
 * So a row version that the snapshot does not see was written by a transaction of at least `xmax` or in `open`.
 */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly open: readonly bigint[] | "all";
}

/** Of tables that were gone before they could be read: should they come back, all their rows are new. */
export const NOTHING_SEEN: Snapshot = { xmin: 0n, xmax: 0n, open: [] };

export function seesNothing({ xmax }: Snapshot): boolean {
  return xmax === NOTHING_SEEN.xmax;
}

/** A place in the order of reading: leaf tables in the state's order, in each its blocks. */
export interface Position {
  readonly leaf: number;
  readonly block: number;
}

/** From the end of the segment before (or the very beginning) up to `until`, what `snapshot` saw has been delivered. */
export interface Segment {
  readonly until: Position;
  readonly snapshot: Snapshot;
}

/** A table with rows of its own: the relation itself, its partitions, or the children that inherit from it. */
export interface LeafId {
  readonly oid: string;
  /** relfilenode: a new one after TRUNCATE, VACUUM FULL, CLUSTER, REFRESH and rewriting ALTERs. `0` without storage. */
  readonly file: string;
}

/**
 * A load by blocks, and the steady state of the xmin method.
 * `{ kind: "blocks", version: 1, relation, leaves: [[oid, file]], read: [{ leaf, block, snapshot: "xmin:xmax:open,open" }], loaded }`
 */
export interface BlocksState {
  readonly kind: "blocks";
  readonly relation: string;
  readonly leaves: readonly LeafId[];
  readonly read: readonly Segment[];
  /** The first load is complete; what comes now are changes. */
  readonly loaded: boolean;
}

/**
 * Everything up to `value` that `snapshot` saw has been delivered.
 * `{ kind: "cursor", version: 1, column, type, value, snapshot: "xmin:xmax:open", more, ties }`
 */
export interface CursorState {
  readonly kind: "cursor";
  readonly column: string;
  /** Base type of the column (`timestamptz`). */
  readonly type: string;
  /** The server's text of it; null when no row had one. */
  readonly value: string | null;
  readonly snapshot: Snapshot;
  /** The snapshot saw rows above `value` too; they had not been delivered yet. */
  readonly more: boolean;
  /** Number of rows holding exactly `value`, where rows do not tell which transaction wrote them (views). */
  readonly ties?: number | undefined;
}

export type State = BlocksState | CursorState;

const VERSION = 1;

export function writeState(state: State): JsonObject {
  if (state.kind === "cursor") {
    const { snapshot, ties, ...rest } = state;
    return {
      ...rest,
      version: VERSION,
      snapshot: writeSnapshot(snapshot),
      ...(ties === undefined ? {} : { ties }),
    };
  }
  return {
    kind: "blocks",
    version: VERSION,
    relation: state.relation,
    leaves: state.leaves.map(({ oid, file }) => [oid, file]),
    read: state.read.map(({ until, snapshot }) => ({ ...until, snapshot: writeSnapshot(snapshot) })),
    loaded: state.loaded,
  };
}

/** Undefined for anything that `writeState` did not write. */
export function readState(json: JsonValue): State | undefined {
  if (!isObject(json) || json["version"] !== VERSION) return undefined;
  return json["kind"] === "cursor"
    ? readCursor(json)
    : json["kind"] === "blocks"
      ? readBlocks(json)
      : undefined;
}

function readCursor(json: JsonObject): CursorState | undefined {
  const { column, type, value, more, ties } = json;
  const snapshot = readSnapshot(json["snapshot"]);
  if (typeof column !== "string" || typeof type !== "string" || snapshot === undefined) return undefined;
  if (typeof value !== "string" && value !== null) return undefined;
  return {
    kind: "cursor",
    column,
    type,
    value,
    snapshot,
    more: more === true,
    ...(typeof ties === "number" ? { ties } : {}),
  };
}

function readBlocks(json: JsonObject): BlocksState | undefined {
  const { relation, leaves, read, loaded } = json;
  if (typeof relation !== "string" || !Array.isArray(leaves) || !Array.isArray(read)) return undefined;
  const ids = (leaves as readonly JsonValue[]).map(readLeaf);
  const segments = (read as readonly JsonValue[]).map(readSegment);
  if (ids.includes(undefined) || segments.includes(undefined)) return undefined;
  return {
    kind: "blocks",
    relation,
    leaves: ids.filter((id) => id !== undefined),
    read: segments.filter((segment) => segment !== undefined),
    loaded: loaded === true,
  };
}

function readLeaf(json: JsonValue): LeafId | undefined {
  const [oid, file] = Array.isArray(json) ? (json as readonly JsonValue[]) : [];
  return typeof oid === "string" && typeof file === "string" ? { oid, file } : undefined;
}

function readSegment(json: JsonValue): Segment | undefined {
  if (!isObject(json)) return undefined;
  const { leaf, block } = json;
  const snapshot = readSnapshot(json["snapshot"]);
  if (typeof leaf !== "number" || typeof block !== "number" || snapshot === undefined) return undefined;
  return { until: { leaf, block }, snapshot };
}

export function writeSnapshot({ xmin, xmax, open }: Snapshot): string {
  return `${xmin}:${xmax}:${open === "all" ? "*" : open.join(",")}`;
}

function readSnapshot(json: JsonValue | undefined): Snapshot | undefined {
  const match = typeof json === "string" ? /^(\d{1,20}):(\d{1,20}):(\*|[\d,]*)$/.exec(json) : null;
  if (match === null) return undefined;
  const [, xmin = "", xmax = "", open = ""] = match;
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    open: open === "*" ? "all" : open.split(",").filter(Boolean).map(BigInt),
  };
}
