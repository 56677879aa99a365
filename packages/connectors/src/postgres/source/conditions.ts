import { literal } from "../quote.ts";

/** The rows of some blocks; `to` undefined: of all blocks from `from` on. */
export function inBlocks(from: number, to: number | undefined): readonly string[] {
  return [
    ...(from === 0 ? [] : [`ctid >= ${tid(from)}`]),
    ...(to === undefined ? [] : [`ctid < ${tid(to)}`]),
  ];
}

function tid(block: number): string {
  return `${literal(`(${block},0)`)}::pg_catalog.tid`;
}

/**
 * Row versions that a snapshot with this xmin did not see, and perhaps some that it did. Transaction ids have 32 bits
 * and wrap; age() compares them as the server does. A row frozen more than 2^31 transactions ago may look new, none that
 * is new looks old as long as fewer than 2^31 transactions have begun since.
 */
export function writtenSince(xmin: bigint): string {
  const id = BigInt.asUintN(32, xmin);
  // Ids below 3 are the server's own; after a wrap it goes on with 3.
  return `pg_catalog.age(xmin) <= pg_catalog.age('${id < 3n ? 3n : id}'::pg_catalog.xid)`;
}

/** From here on 32-bit transaction ids cannot be told apart. */
export const XID_HORIZON = 2n ** 31n;
