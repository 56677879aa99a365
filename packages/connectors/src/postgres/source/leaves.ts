import { nameOf, type Relation } from "./catalog.ts";
import { hasBlocks } from "./discover.ts";
import type { SharedSnapshot } from "./snapshot.ts";
import type { LeafId } from "./state.ts";

/** Something that is read by itself. */
export interface Leaf extends LeafId {
  /** What follows FROM. */
  readonly from: string;
  /** Its rows have usable ctid and xmin. False: it is read whole, by one query. */
  readonly heap: boolean;
  /** Number of blocks, taken after the snapshot: nothing the snapshot sees lies beyond. */
  readonly blocks: number;
  /** With TOAST. */
  readonly bytes: number;
  /** The server's estimate. */
  readonly rows: number;
}

export interface Leaves {
  readonly list: readonly Leaf[];
  /** Why the relation is read as a whole although it has blocks. */
  readonly whole?: string | undefined;
}

type LeafRow = Record<
  "oid" | "file" | "name" | "schema" | "kind" | "method" | "size" | "bytes" | "rows" | "open",
  string | null
>;

/** In the order of their ids, which is the order they are read in. */
export async function leavesOf(relation: Relation, snapshot: SharedSnapshot): Promise<Leaves> {
  if (!hasBlocks(relation)) {
    const whole = relation.filtered ? "row security hides rows from this user" : undefined;
    return { list: [wholeLeaf(relation)], ...(whole === undefined ? {} : { whole }) };
  }
  const rows = await snapshot.keeper.query<LeafRow>(leavesQuery(relation.oid));
  if (!rows.every((row) => row.open === "t")) {
    return {
      list: [wholeLeaf(relation)],
      whole: "this user may not read all of its columns, partitions or children directly",
    };
  }
  return { list: rows.map(toLeaf) };
}

function toLeaf(row: LeafRow): Leaf {
  return {
    oid: row.oid ?? "",
    file: row.file ?? "0",
    from: `ONLY ${nameOf({ schema: row.schema ?? "", name: row.name ?? "" })}`,
    heap: row.method === "heap",
    blocks: Number(row.size ?? 0),
    bytes: Number(row.bytes ?? 0),
    rows: Math.max(0, Number(row.rows ?? 0)),
  };
}

function wholeLeaf(relation: Relation): Leaf {
  return { oid: relation.oid, file: "0", from: nameOf(relation), heap: false, blocks: 0, bytes: 0, rows: 0 };
}

/**
 * A partition that is being detached no longer belongs to its parent; only newer versions have the column that says so.
 * Names are the snapshot's; sizes are taken now.
 */
function leavesQuery(oid: string): string {
  return `WITH RECURSIVE tree AS (
  SELECT ${oid}::oid AS oid
  UNION
  SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
   WHERE pg_catalog.to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')
SELECT c.oid, c.relfilenode AS file, c.relname AS name, n.nspname AS schema, c.relkind AS kind, m.amname AS method,
       pg_relation_size(c.oid) / current_setting('block_size')::int8 AS size, pg_table_size(c.oid) AS bytes,
       c.reltuples::int8 AS rows,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) AS open
  FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_am m ON m.oid = c.relam
 WHERE c.relkind IN ('r', 'm', 'f') ORDER BY c.oid`;
}
