import { literal } from "../quote.ts";
import type { Snapshot } from "./state.ts";

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
 * Row versions that a snapshot did not see, and perhaps a few that it did. Transaction ids have 32 bits and wrap; age()
 * counts back from now as the server does. A row frozen more than 2^31 transactions ago can alias a new id and come
 * again; a new row never looks old as long as fewer than 2^31 transactions have begun since (XID_HORIZON).
 */
export function writtenSince({ xmin, xmax, open }: Snapshot): string {
  const since = `pg_catalog.age(xmin) BETWEEN 0 AND pg_catalog.age('${xid(open === "all" ? xmin : xmax)}'::pg_catalog.xid)`;
  if (open === "all" || open.length === 0) return since;
  return `(${since} OR xmin = ANY ('{${open.map(xid).join(",")}}'::pg_catalog.xid[]))`;
}

/** Ids below 3 are the server's own; after a wrap it goes on with 3. */
function xid(full: bigint): bigint {
  const id = BigInt.asUintN(32, full);
  return id < 3n ? 3n : id;
}

/** From here on 32-bit transaction ids cannot be told apart; the server itself stops a little later. */
export const XID_HORIZON = 2_000_000_000n;
