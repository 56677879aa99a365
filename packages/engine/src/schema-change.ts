import type { Field } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { StreamDocument, StreamShape } from "./document.ts";
import type { SchemaPolicy } from "./request.ts";
import type { SelectedStream } from "./select.ts";

export interface SchemaDecision {
  /** Fields to plan with, before selection. */
  readonly fields: readonly Field[];
  /** What to compare with next time: under `ignore` and `disable` a change stays seen until it is accepted. */
  readonly schema: StreamShape;
  readonly notes: readonly string[];
}

export interface SchemaInput {
  readonly selected: SelectedStream;
  readonly before: StreamDocument | undefined;
  readonly policy: SchemaPolicy;
  /** The user has seen the change, or asked for everything to be read again. */
  readonly accept: boolean;
}

/**
 * What the connection's policy makes of a stream whose fields differ from those of its last plan. A cursor or key that
 * is gone stops the stream under every policy: going on would lose or double rows.
 */
export function decideSchema({ selected, before, policy, accept }: SchemaInput): SchemaDecision {
  const now = selected.discovered;
  if (before === undefined) return { fields: now.fields, schema: now, notes: [] };
  if (!accept) refuseLostKeys(selected, before.schema);
  const changes = compareShapes(before.schema, now);
  if (changes.length === 0) return { fields: now.fields, schema: now, notes: [] };
  const notes = changes.map((change) => `${selected.key}: ${change}`);
  if (policy === "disable" && !accept) {
    throw new WeirError({
      code: "source.schema_changed_refused",
      message: `The schema of ${selected.key} changed: ${changes.join("; ")}.`,
      next: "Look at the change and run once with --accept-schema, or set another schemaChanges policy.",
      recovery: "ask",
      origin: "source",
      path: `streams.${selected.key}`,
      stream: selected.key,
    });
  }
  if (policy === "ignore" && !accept) {
    const fields = keptFields(before.schema, selected);
    return { fields, schema: before.schema, notes: notes.map((note) => `${note} (ignored)`) };
  }
  return { fields: now.fields, schema: now, notes };
}

function refuseLostKeys(
  { key: stream, discovered, primaryKey, cursor }: SelectedStream,
  before: StreamShape,
): void {
  const names = new Set(discovered.fields.map((field) => field.name));
  // Another key or cursor chosen since is the remedy this failure asks for.
  const keyStands = primaryKey.length === 0 || primaryKey.join() === before.primaryKey.join();
  const needed = [
    ...(keyStands ? before.primaryKey : []),
    ...(before.cursor === undefined || (cursor !== undefined && cursor !== before.cursor)
      ? []
      : [before.cursor]),
  ];
  const lost = needed.filter((name) => !names.has(name));
  if (lost.length === 0) return;
  throw new WeirError({
    code: "source.schema_change_breaking",
    message: `Stream ${stream} lost its key or cursor field ${lost.join(", ")}.`,
    next: "Choose another key or cursor for the stream, then refresh it.",
    recovery: "ask",
    origin: "source",
    path: `streams.${stream}`,
    stream,
  });
}

/**
 * The known fields that still exist, with the kinds they had: what is new waits for approval, unless it was chosen as
 * cursor or key.
 */
function keptFields(before: StreamShape, selected: SelectedStream): readonly Field[] {
  const now = selected.discovered.fields;
  const names = new Set(now.map((field) => field.name));
  const known = new Set(before.fields.map((field) => field.name));
  const chosen = [...selected.primaryKey, selected.cursor];
  return [
    ...before.fields.filter((field) => names.has(field.name)),
    ...now.filter((field) => !known.has(field.name) && chosen.includes(field.name)),
  ];
}

function compareShapes(before: StreamShape, now: StreamShape): readonly string[] {
  const old = new Map(before.fields.map((field) => [field.name, field]));
  const current = new Map(now.fields.map((field) => [field.name, field]));
  const changes: string[] = [];
  for (const field of now.fields) {
    const known = old.get(field.name);
    if (known === undefined) changes.push(`new field ${field.name} (${field.kind})`);
    else if (typeText(known) !== typeText(field))
      changes.push(`field ${field.name} changed from ${typeText(known)} to ${typeText(field)}`);
  }
  for (const field of before.fields) {
    if (!current.has(field.name)) changes.push(`field ${field.name} is gone; its column is kept`);
  }
  return changes;
}

function typeText(field: Field): string {
  const facets = field.precision === undefined ? "" : `(${field.precision},${field.scale ?? 0})`;
  return field.kind + facets;
}
