import { mayDiffer } from "./blocks.ts";
import type { Plan } from "./plan.ts";
import { behind } from "./resume.ts";
import type { StreamScene } from "./scene.ts";

/** What this read cannot promise, said to the user. The README has the whole table. */
export function noticesOf(scene: StreamScene, plan: Plan): readonly string[] {
  return [...accessNotices(scene, plan), ...resumeNotices(scene, plan), ...cursorNotices(scene, plan)];
}

function cursorNotices({ heap, snapshot }: StreamScene, plan: Plan): readonly string[] {
  const reason = plan.kind === "cursor" ? behind(plan.state.snapshot, snapshot.at) : undefined;
  if (reason === undefined) return [];
  const again = heap ? ", but for rows with the very last value, which come again" : "";
  return [
    `Read from the saved cursor on, although ${reason}. What this server alone has at or below the cursor is not read${again}; a refresh reads everything.`,
  ];
}

function accessNotices({ relation, leaves, heap, snapshot }: StreamScene, plan: Plan): readonly string[] {
  const notices: string[] = [];
  if (relation.filtered) {
    notices.push("Row security is active: only the rows this user may see are read.");
  }
  if (relation.loaded) {
    notices.push("A sync loads this table: its own four _airbyte_ columns are not read.");
  }
  if (plan.kind !== "blocks") return notices;
  if (!heap) {
    const why =
      leaves.whole ?? (relation.kind === "table" ? "its storage has no ctid" : `it is a ${relation.kind}`);
    notices.push(
      `Read by one query (${why}): a sync that fails in the middle of it begins this stream again.`,
    );
  } else if (snapshot.version < 140_000) {
    notices.push(
      "This server cannot read a table in pieces (PostgreSQL 14 can): each table or partition is one part.",
    );
  }
  return notices;
}

function resumeNotices({ configured, relation, snapshot }: StreamScene, plan: Plan): readonly string[] {
  if (plan.kind !== "blocks" || !plan.resumed || plan.standing.loaded) return [];
  if (!plan.standing.read.some((segment) => mayDiffer(segment.snapshot, snapshot.at))) return [];
  const keyed = (configured.primary_key?.length ?? 0) > 0 || relation.primaryKey.length > 0;
  const deleted = "rows deleted since the load began may remain until the next full refresh";
  return [
    keyed
      ? `Continued after a failure, and the database was written to in between: changed rows are read again and the newest kept; ${deleted}.`
      : `Continued after a failure, and the database was written to in between: without a primary key, rows that were changed since the load began may appear twice, in their old and their new form; ${deleted}.`,
  ];
}
