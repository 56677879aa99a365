import type { Change, RowMeta } from "@weir/protocol";
import { instantSql, literal } from "./sql.ts";

/** Text of `_airbyte_meta`. */
export function metaText(sync: number, changes: readonly Change[]): string {
  return JSON.stringify({
    sync_id: sync,
    changes: changes.map(({ field, change, reason }) => ({ field, change, reason })),
  });
}

/** The raw id for a row number in SQL: 2^32 gives it its zeros, `right` takes them off again. */
export function rawIdSql({ rawIdPrefix }: RowMeta, rowNumber: string): string {
  return `${literal(rawIdPrefix)} || lower(right(to_hex(${rowNumber} + 4294967296), 8))`;
}

export function extractedAtSql({ extractedAt }: RowMeta): string {
  return instantSql(extractedAt);
}

export function metaSql({ sync }: RowMeta): string {
  return `${literal(metaText(sync, []))}::JSON`;
}
