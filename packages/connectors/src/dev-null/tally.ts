import type { ColumnBatch, LoadResult, StreamPlan } from "@weir/protocol";
import type { Checksum } from "./checksum.ts";
import { comparableChecksum, quickChecksum } from "./checksum.ts";

export type ChecksumKind = "none" | "keys" | "values" | "verify";

/** What a stream amounts to so far. */
export interface Tally {
  rows: number;
  bytes: number;
  readonly checksum: Checksum | undefined;
}

export function newTally(stream: StreamPlan, kind: ChecksumKind): Tally {
  return { rows: 0, bytes: 0, checksum: checksumFor(stream, kind) };
}

export function merge(into: Tally, from: Tally): void {
  into.rows += from.rows;
  into.bytes += from.bytes;
  if (from.checksum !== undefined) into.checksum?.merge(from.checksum);
}

/** None where there is no key to sum up. */
function checksumFor({ fields, primaryKey }: StreamPlan, kind: ChecksumKind): Checksum | undefined {
  const keys = primaryKey.map((name) => fields.findIndex((field) => field.name === name));
  const hasKey = keys.length > 0 && !keys.includes(-1);
  switch (kind) {
    case "none":
      return undefined;
    case "values":
      return quickChecksum(
        fields,
        fields.map((_, index) => index),
      );
    case "keys":
      return hasKey ? quickChecksum(fields, keys) : undefined;
    case "verify":
      return hasKey ? comparableChecksum(fields, keys) : undefined;
  }
}

export function addBatch(tally: Tally, batch: ColumnBatch): void {
  tally.rows += batch.rows;
  tally.bytes += batch.bytes;
  tally.checksum?.add(batch);
}

export function resultOf(tally: Tally, changed: number): LoadResult {
  return { received: tally.rows, written: tally.rows, rejected: 0, changed, bytes: tally.bytes };
}
