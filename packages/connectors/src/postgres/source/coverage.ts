import { type Position, type Segment, type Snapshot, writeSnapshot } from "./state.ts";

/** What of a stream has been delivered as of which snapshot: segments in order, neighbours always different. */
export type Coverage = readonly Segment[];

const START: Position = { leaf: 0, block: 0 };

function compare(a: Position, b: Position): number {
  return a.leaf - b.leaf || a.block - b.block;
}

function same(a: Snapshot, b: Snapshot): boolean {
  return writeSnapshot(a) === writeSnapshot(b);
}

/** Where the delivered part ends. */
export function end(read: Coverage): Position {
  return read.at(-1)?.until ?? START;
}

/** The coverage once `from` to `to` has been delivered as of `snapshot`. `from` is at most the end of what is covered. */
export function cover(read: Coverage, from: Position, to: Position, snapshot: Snapshot): Coverage {
  const pieces: Segment[] = [];
  const add = (until: Position, seen: Snapshot): void => {
    const last = pieces.at(-1);
    if (compare(until, last?.until ?? START) <= 0) return;
    if (last !== undefined && same(last.snapshot, seen)) pieces.pop();
    pieces.push({ until, snapshot: seen });
  };
  for (const segment of read) add(compare(segment.until, from) < 0 ? segment.until : from, segment.snapshot);
  add(to, snapshot);
  for (const segment of read) if (compare(segment.until, to) > 0) add(segment.until, segment.snapshot);
  return pieces;
}

export interface Span {
  readonly from: Position;
  readonly to: Position;
  readonly snapshot: Snapshot;
}

/** The segments with their beginnings. */
export function spans(read: Coverage): readonly Span[] {
  return read.map(({ until, snapshot }, index) => ({
    from: read[index - 1]?.until ?? START,
    to: until,
    snapshot,
  }));
}
