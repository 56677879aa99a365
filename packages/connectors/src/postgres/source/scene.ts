import type { ConfiguredStream } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import type { Relation } from "./catalog.ts";
import type { SourceConfig } from "./config.ts";
import { type Leaves, leavesOf } from "./leaves.ts";
import type { SelectScene } from "./select.ts";
import type { SharedSnapshot } from "./snapshot.ts";

/** All that is known about a stream before its first row is read. */
export interface StreamScene extends SelectScene {
  readonly configured: ConfiguredStream;
  readonly config: SourceConfig;
  readonly leaves: Leaves;
  /** Every row tells which transaction wrote it, and at which place it lies. */
  readonly heap: boolean;
  readonly partBytes: number;
  /** An index has the cursor column first. */
  readonly indexed: boolean;
  /** A new id for a part, unique also among those of earlier attempts. */
  nextId(): string;
}

export interface SceneRequest {
  readonly configured: ConfiguredStream;
  readonly relation: Relation;
  readonly config: SourceConfig;
  readonly snapshot: SharedSnapshot;
  /** Milliseconds since 1970 when the attempt began. */
  readonly openedAt: number;
}

export async function sceneOf({
  configured,
  relation,
  config,
  snapshot,
  openedAt,
}: SceneRequest): Promise<StreamScene> {
  const leaves = await leavesOf(relation, snapshot);
  const cursor = configured.sync_mode === "incremental" ? configured.cursor_field?.[0] : undefined;
  const indexed = cursor !== undefined && (await hasIndex(relation, cursor, snapshot));
  let parts = 0;
  return {
    configured,
    relation,
    config,
    snapshot,
    leaves,
    heap: leaves.list.every(({ heap }) => heap),
    stream: streamKey({ name: configured.stream.name, namespace: configured.stream.namespace }),
    partBytes: config.part_megabytes * 1024 * 1024,
    indexed,
    nextId: () => {
      parts += 1;
      return `${openedAt.toString(36)}-${parts}`;
    },
  };
}

/** A plain B-tree in the order of the column itself. */
async function hasIndex(relation: Relation, column: string, snapshot: SharedSnapshot): Promise<boolean> {
  const [row] = await snapshot.keeper.query<{ found: string }>(
    `SELECT EXISTS (SELECT FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
  JOIN pg_opclass o ON o.oid = i.indclass[0]
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE i.indrelid = $1::oid AND a.attname = $2 AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
   AND o.opcdefault AND i.indcollation[0] = a.attcollation) AS found`,
    [relation.oid, column],
  );
  return row?.found === "t";
}
