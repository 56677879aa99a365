import type { Change, RowMeta } from "@weir/protocol";
import { instantSql, literal } from "./sql.ts";

/** Text of `_airbyte_meta`. */
export function metaText(sync: number, changes: readonly Change[]): string {
  return JSON.stringify({
    sync_id: sync,
    changes: changes.map(({ field, change, reason }) => ({ field, change, reason })),
  });
}

/** Characters of a raw id that tell when its load began. */
const TIME = 19;

/** SQL of a row's raw id, from its number if there is one: 2^32 gives it its zeros, `right` takes them off again. */
export function rawIdSql({ rawIdPrefix }: RowMeta, rowNumber: string | undefined): string {
  if (rowNumber === undefined)
    return `${literal(rawIdPrefix.slice(0, TIME))} || right(gen_random_uuid()::VARCHAR, ${36 - TIME})`;
  return `${literal(rawIdPrefix)} || lower(right(to_hex(${rowNumber} + 4294967296), 8))`;
}

export function extractedAtSql({ extractedAt }: RowMeta): string {
  return instantSql(extractedAt);
}

export function metaSql({ sync }: RowMeta): string {
  return `${literal(metaText(sync, []))}::JSON`;
}
