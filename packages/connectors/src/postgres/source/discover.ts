import type { Catalog, Stream } from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import type { Relation } from "./catalog.ts";
import type { ReplicationMethod } from "./config.ts";
import { canBeCursor, fieldOf } from "./types.ts";

/** What the relations offer as streams. */
export function catalogOf(relations: readonly Relation[], method: ReplicationMethod): Catalog {
  return { streams: relations.map((relation) => streamOf(relation, method)) };
}

function streamOf(relation: Relation, method: ReplicationMethod): Stream {
  const blocks = hasBlocks(relation);
  const byXmin = method === "xmin" && blocks;
  const byCursor = method === "cursor" && relation.columns.some(({ type }) => canBeCursor(type));
  return {
    name: relation.name,
    namespace: relation.schema,
    json_schema: schemaOf(relation.columns.map(fieldOf)),
    supported_sync_modes: byXmin || byCursor ? ["full_refresh", "incremental"] : ["full_refresh"],
    source_defined_cursor: byXmin,
    source_defined_primary_key: relation.primaryKey.map((name) => [name]),
    is_resumable: blocks,
  };
}

/** Whether the relation lies in blocks that can be read piece by piece, each row with the transaction that wrote it. */
export function hasBlocks({ kind, filtered }: Relation): boolean {
  return !filtered && (kind === "table" || kind === "partitioned" || kind === "materialized view");
}
