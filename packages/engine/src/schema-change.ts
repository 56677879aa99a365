import type { Field } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { StreamDocument, StreamShape } from "./document.ts";
import type { SchemaPolicy } from "./request.ts";
import type { SelectedStream } from "./select.ts";

export interface SchemaDecision {
  /** Fields to plan with, before selection. */
  readonly fields: readonly Field[];
  readonly notes: readonly string[];
}

/**
 * What the connection's policy makes of a stream whose fields differ from those of its last plan. A cursor or key that
 * is gone stops the sync under every policy: going on would lose or double rows.
 */
export function decideSchema(
  selected: SelectedStream,
  before: StreamDocument | undefined,
  policy: SchemaPolicy,
  accept: boolean,
): SchemaDecision {
  const now = selected.discovered;
  if (before === undefined) return { fields: now.fields, notes: [] };
  refuseLostKeys(selected.key, before.schema, now);
  const changes = compareShapes(before.schema, now);
  if (changes.length === 0) return { fields: now.fields, notes: [] };
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
  if (policy === "ignore" && !accept)
    return { fields: keptFields(before.schema, now), notes: notes.map((note) => `${note} (ignored)`) };
  return { fields: now.fields, notes };
}

function refuseLostKeys(stream: string, before: StreamShape, now: StreamShape): void {
  const names = new Set(now.fields.map((field) => field.name));
  const lost = [...before.primaryKey, ...(before.cursor === undefined ? [] : [before.cursor])].filter(
    (name) => !names.has(name),
  );
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

/** The known fields that still exist, with the kinds they had: what is new waits for approval. */
function keptFields(before: StreamShape, now: StreamShape): readonly Field[] {
  const names = new Set(now.fields.map((field) => field.name));
  return before.fields.filter((field) => names.has(field.name));
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
