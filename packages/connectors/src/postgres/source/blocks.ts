import { inBlocks, writtenSince } from "./conditions.ts";
import { cover, type Coverage, end, spans } from "./coverage.ts";
import type { Leaf } from "./leaves.ts";
import type { Standing } from "./resume.ts";
import type { Piece, Selection } from "./select.ts";
import { NOTHING_SEEN, type Position, seesNothing, type Snapshot } from "./state.ts";

/** One part of a load by blocks, and the coverage once it is committed. */
export interface BlocksPart {
  readonly selection: Selection;
  readonly read: Coverage;
}

export interface BlocksLimits {
  readonly snapshot: Snapshot;
  readonly partBytes: number;
  /** Scans by ranges of ctid skip the other blocks, from version 14 on; before, each would read the whole table. */
  readonly rangeScans: boolean;
}

/** Parts of many small tables are cut here too, so that no query has thousands of branches. */
const MAX_PIECES = 32;

/** Looking for changes costs the server a scan but sends little: such parts may be larger. */
const SCAN_FACTOR = 8;

/**
 * The parts still to be read, in order: first what no attempt has read yet, then, in what earlier attempts have read,
 * the rows written since. After the last part all that `snapshot` sees has been delivered: a row version it sees lies in
 * a block some attempt has read; either that attempt's snapshot saw it and delivered it (a row version never changes its
 * place), or it was written by a transaction that snapshot did not see, and the search for changes finds it.
 * Each search ends by moving the segment to this snapshot, so the next attempt searches from here. Tables that are gone
 * (dropped, or detached for a while) keep the snapshot they were last read with: should they come back, the search for
 * changes begins where it ended.
 */
export function* blocksParts(standing: Standing, limits: BlocksLimits): Generator<BlocksPart> {
  let read = standing.read;
  let group: Work[] = [];
  let bytes = 0;
  const flush = (): BlocksPart => {
    for (const { from, to, leaf } of group) {
      read = cover(read, from, to, leaf === undefined ? NOTHING_SEEN : limits.snapshot);
    }
    const selection = selectionOf(group);
    group = [];
    bytes = 0;
    return { selection, read };
  };
  for (const work of works(standing, limits)) {
    group.push(work);
    bytes += work.bytes;
    if (bytes >= limits.partBytes || group.length >= MAX_PIECES) yield flush();
  }
  if (group.length > 0) yield flush();
}

/**
 * Whether a transaction may have written something that `then` did not see and `now` does. An older `now` comes from
 * another server or a restored one, whose transactions `then` knows nothing about.
 */
export function mayDiffer(then: Snapshot, now: Snapshot): boolean {
  return now.xmax !== then.xmax || then.open.length > 0;
}

interface Work {
  readonly from: Position;
  readonly to: Position;
  /** Absent for a table that is gone and will not be read: its place is passed over. */
  readonly leaf?: Leaf | undefined;
  readonly piece?: Piece | undefined;
  readonly bytes: number;
}

function selectionOf(group: readonly Work[]): Selection {
  const leaves = new Map(group.flatMap(({ leaf, piece }) => (leaf && piece ? [[leaf.oid, leaf]] : [])));
  return {
    pieces: group.flatMap(({ piece }) => (piece === undefined ? [] : [piece])),
    leaves: [...leaves.values()],
  };
}

function* works({ leaves, read }: Standing, limits: BlocksLimits): Generator<Work> {
  const start = end(read);
  for (let leaf = start.leaf; leaf < leaves.length; leaf += 1) {
    const from = { leaf, block: leaf === start.leaf ? start.block : 0 };
    const table = leaves[leaf];
    if (table === undefined) yield { from, to: { leaf: leaf + 1, block: 0 }, bytes: 0 };
    else yield* cut(table, from, undefined, { ...limits, conditions: [] });
  }
  for (const { from, to, snapshot } of spans(read)) {
    if (!mayDiffer(snapshot, limits.snapshot)) continue;
    const search = seesNothing(snapshot)
      ? { ...limits, conditions: [] }
      : { ...limits, partBytes: limits.partBytes * SCAN_FACTOR, conditions: [writtenSince(snapshot)] };
    for (let leaf = from.leaf; leaf <= to.leaf; leaf += 1) {
      const begin = { leaf, block: leaf === from.leaf ? from.block : 0 };
      const table = leaves[leaf];
      if (table === undefined) continue;
      if (leaf < to.leaf) yield* cut(table, begin, undefined, search);
      else if (to.block > begin.block) yield* cut(table, begin, to.block, search);
    }
  }
}

interface Cutting extends BlocksLimits {
  readonly conditions: readonly string[];
}

/** The pieces of one leaf; the last has no upper bound unless `stop` sets one. */
function* cut(
  leaf: Leaf,
  from: Position,
  stop: number | undefined,
  { partBytes, rangeScans, conditions }: Cutting,
): Generator<Work> {
  const next = { leaf: from.leaf + 1, block: 0 };
  const to = stop === undefined ? next : { leaf: from.leaf, block: stop };
  if (!leaf.heap) {
    return yield { from, to: next, leaf, piece: { from: leaf.from, conditions: [] }, bytes: leaf.bytes };
  }
  const perBlock = leaf.bytes / Math.max(1, leaf.blocks);
  const step = rangeScans ? Math.ceil(partBytes / Math.max(1, perBlock)) : Infinity;
  const last = Math.min(stop ?? Infinity, leaf.blocks);
  // A table without blocks is asked as well: only the query tells an empty table from one truncated since.
  for (let block = from.block, rest = false; !rest; block += step) {
    rest = block + step >= last;
    const until = rest ? to : { leaf: from.leaf, block: block + step };
    const upper = rest ? stop : block + step;
    yield {
      from: { leaf: from.leaf, block },
      to: until,
      leaf,
      piece: { from: leaf.from, conditions: [...inBlocks(block, upper), ...conditions] },
      bytes: Math.max(0, Math.min(step, last - block)) * perBlock,
    };
  }
}
