import type { JsonValue, Part, StreamReader } from "@weir/protocol";
import { blocksParts, mayDiffer } from "./blocks.ts";
import type { SourceColumn } from "./catalog.ts";
import { cursorAfterLoad, cursorParts } from "./cursor.ts";
import { measure } from "./measure.ts";
import { noticesOf } from "./notices.ts";
import { cursorOf, type Plan, planOf } from "./plan.ts";
import type { StreamScene } from "./scene.ts";
import { gives, read, type Selection } from "./select.ts";
import type { BlocksState, State } from "./state.ts";
import { writeState } from "./state.ts";

export function streamReader(scene: StreamScene, json: JsonValue | null): StreamReader {
  const cursor = cursorOf(scene);
  const { plan, restart } = planOf(scene, json, cursor);
  const { leaves, config } = scene;
  const fresh = plan.kind === "blocks" && !plan.resumed;
  const rows = leaves.list.reduce((sum, leaf) => sum + leaf.rows, 0);
  const bytes = leaves.list.reduce((sum, leaf) => sum + leaf.bytes, 0);
  return {
    ...(restart === undefined ? {} : { restart: { reason: restart } }),
    notices: noticesOf(scene, plan),
    parallel: config.parallel,
    ...(fresh && bytes > 0 ? { estimate: { bytes, ...(rows > 0 ? { rows } : {}) } } : {}),
    gives: (encoding) => gives(scene, encoding),
    parts: (signal) => partsOf(scene, plan, cursor, { json: restart === undefined ? json : null, signal }),
    measure: (request) => measure(scene, request),
  };
}

interface PartsOptions {
  /** The state that was continued; null when reading begins. */
  readonly json: JsonValue | null;
  readonly signal: AbortSignal;
}

async function* partsOf(
  scene: StreamScene,
  plan: Plan,
  cursor: SourceColumn | undefined,
  { json, signal }: PartsOptions,
): AsyncGenerator<Part> {
  switch (plan.kind) {
    case "done":
      return yield part(scene, NOTHING, json);
    case "blocks":
      return yield* blocks(scene, plan, cursor, signal);
    case "cursor": {
      let any = false;
      for await (const { selection, state } of cursorParts(scene, plan.column, plan.state, signal)) {
        any = true;
        yield part(scene, selection, writeState(state));
      }
      if (!any) yield part(scene, NOTHING, json);
    }
  }
}

const NOTHING: Selection = { pieces: [], leaves: [] };

async function* blocks(
  scene: StreamScene,
  { standing, resumed }: Extract<Plan, { readonly kind: "blocks" }>,
  cursor: SourceColumn | undefined,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const { relation, snapshot, partBytes } = scene;
  const now = snapshot.at;
  const overlap =
    resumed && !standing.loaded && standing.read.some((segment) => mayDiffer(segment.snapshot, now));
  const stateOf = (covered: BlocksState["read"], loaded: boolean): State => ({
    kind: "blocks",
    relation: relation.oid,
    leaves: standing.ids,
    read: covered,
    loaded,
  });
  let last = { selection: NOTHING, read: standing.read };
  const limits = { snapshot: now, partBytes, rangeScans: snapshot.version >= 140_000 };
  let any = false;
  for (const next of blocksParts(standing, limits)) {
    if (any) yield part(scene, last.selection, writeState(stateOf(last.read, standing.loaded)), overlap);
    last = next;
    any = true;
  }
  const final =
    cursor === undefined ? stateOf(last.read, true) : await cursorAfterLoad(scene, cursor, signal);
  yield part(scene, last.selection, writeState(final), any && overlap);
}

function part(scene: StreamScene, selection: Selection, state: JsonValue, overlap = false): Part {
  return {
    id: scene.nextId(),
    state,
    overlap,
    read: (encoding, signal) => read(scene, selection, encoding, signal),
  };
}
