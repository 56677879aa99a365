import { XID_HORIZON } from "./conditions.ts";
import type { Coverage } from "./coverage.ts";
import { end, spans } from "./coverage.ts";
import type { Leaf } from "./leaves.ts";
import { type BlocksState, type LeafId, seesNothing, type Snapshot } from "./state.ts";

/** Where a load by blocks stands: the leaves in the state's order, undefined for those that are gone. */
export interface Standing {
  readonly ids: readonly LeafId[];
  readonly leaves: readonly (Leaf | undefined)[];
  readonly read: Coverage;
  readonly loaded: boolean;
}

export function beginning(leaves: readonly Leaf[]): Standing {
  return { ids: leaves.map(idOf), leaves, read: [], loaded: false };
}

/** Fits a state to the tables as they are now; a text says why it cannot be continued. */
export function resume(
  state: BlocksState,
  relation: string,
  current: readonly Leaf[],
  now: Snapshot,
): Standing | string {
  if (state.relation !== relation) return "the table was dropped and made again";
  const byOid = new Map(current.map((leaf) => [leaf.oid, leaf]));
  const aged = spans(state.read).map(({ from, to, snapshot }) => {
    const some = state.leaves.slice(from.leaf, to.leaf + (to.block > 0 ? 1 : 0));
    // Tables that are gone keep old snapshots, which are compared only if they come back.
    return some.some(({ oid }) => byOid.has(oid)) ? tooOld(snapshot, now) : behind(snapshot, now);
  });
  const reason = aged.find((found) => found !== undefined);
  if (reason !== undefined) return reason;
  const isWhole = (ids: readonly LeafId[]): boolean =>
    ids.some(({ oid, file }) => oid === relation && file === "0");
  if (isWhole(state.leaves) !== isWhole(current)) return "permissions on the table have changed";
  if (state.leaves.some((id, index) => isRewritten(state, index, byOid.get(id.oid)))) {
    return "the table was truncated or rewritten";
  }
  const known = new Set(state.leaves.map(({ oid }) => oid));
  const added = current.filter(({ oid }) => !known.has(oid));
  const leaves = [...state.leaves.map(({ oid }) => byOid.get(oid)), ...added];
  const ids = [...state.leaves, ...added.map(idOf)].map((id) => byOid.get(id.oid) ?? id).map(idOf);
  return { ids, leaves, read: state.read, loaded: state.loaded };
}

/** Why a snapshot of a state cannot be compared with one taken now. */
export function tooOld(then: Snapshot, now: Snapshot): string | undefined {
  if (seesNothing(then)) return undefined;
  const reason = behind(then, now);
  if (reason !== undefined) return reason;
  if (now.xmax - then.xmin >= XID_HORIZON) return "more than two billion transactions have passed since";
  return undefined;
}

/** Transaction ids only grow, so a server that has given out fewer than the state knows has another history. */
export function behind(then: Snapshot, now: Snapshot): string | undefined {
  return now.xmax < then.xmax
    ? "the server's transactions are behind the state: another server, or a restored one"
    : undefined;
}

/**
 * Block numbers say nothing about a rewritten table. They do not matter where a table was read whole and only changes
 * are looked for: these are found by transaction, wherever they lie.
 */
function isRewritten(state: BlocksState, index: number, leaf: Leaf | undefined): boolean {
  if (leaf === undefined || leaf.file === state.leaves[index]?.file) return false;
  const last = end(state.read);
  const begun = index < last.leaf || (index === last.leaf && last.block > 0);
  return begun && (!state.loaded || state.read.some(({ until }) => until.leaf === index && until.block > 0));
}

function idOf({ oid, file }: LeafId): LeafId {
  return { oid, file };
}
