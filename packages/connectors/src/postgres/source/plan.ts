import type { JsonValue } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { SourceColumn } from "./catalog.ts";
import { cursorColumn, cursorRestart } from "./cursor.ts";
import { beginning, resume, type Standing } from "./resume.ts";
import type { StreamScene } from "./scene.ts";
import { type CursorState, readState } from "./state.ts";

/** What remains to be read of a stream. */
export type Plan =
  /** All blocks not read yet, and changes in those that are. `resumed`: an earlier attempt has begun the load. */
  | { readonly kind: "blocks"; readonly standing: Standing; readonly resumed: boolean }
  | { readonly kind: "cursor"; readonly column: SourceColumn; readonly state: CursorState }
  /** A full refresh whose last part is committed. */
  | { readonly kind: "done" };

/** The cursor column of an incremental sync by cursor; checks that the other method can work. */
export function cursorOf(scene: StreamScene): SourceColumn | undefined {
  const { configured, config, stream } = scene;
  if (configured.sync_mode === "full_refresh") return undefined;
  if (config.replication_method === "cursor") return cursorColumn(scene);
  if (scene.heap) return undefined;
  throw new WeirError({
    code: "source.xmin_unsupported",
    message: `A ${scene.relation.kind} without direct access to its blocks cannot be read incrementally by xmin.`,
    next: "Read it by full refresh, or use replication_method cursor.",
    recovery: "ask",
    origin: "source",
    stream,
  });
}

export function planOf(
  scene: StreamScene,
  json: JsonValue | null,
  cursor: SourceColumn | undefined,
): { readonly plan: Plan; readonly restart?: string } {
  const { relation, leaves, snapshot } = scene;
  const anew = (reason?: string): { readonly plan: Plan; readonly restart?: string } => ({
    plan: { kind: "blocks", standing: beginning(leaves.list), resumed: false },
    ...(reason === undefined ? {} : { restart: reason }),
  });
  if (json === null) return anew();
  const state = readState(json);
  if (state === undefined) return anew("the saved state was not written by this version of the connector");
  if (state.kind === "cursor") {
    if (cursor === undefined)
      return anew("the saved state belongs to another sync mode or replication method");
    const reason = cursorRestart(state, cursor);
    return reason === undefined ? { plan: { kind: "cursor", column: cursor, state } } : anew(reason);
  }
  if (state.loaded && scene.configured.sync_mode === "full_refresh") return { plan: { kind: "done" } };
  const standing = resume(state, relation.oid, leaves.list, snapshot.at);
  return typeof standing === "string"
    ? anew(standing)
    : { plan: { kind: "blocks", standing, resumed: true } };
}
