import type { FinishRequest } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { deleteDuplicates, deleteOlderGenerations, deleteReread, merge } from "./merge.ts";
import { DELETED_AT_FIELD } from "./names.ts";
import { refusesRows } from "./refusal.ts";
import { replace } from "./replace.ts";
import { SETTLE, SETTLE_LONG } from "./settle.ts";
import { identifier, tableText } from "./sql.ts";
import type { Target } from "./tables.ts";

export interface FinishScene {
  readonly session: Session;
  readonly target: Target;
  readonly request: FinishRequest;
  /** Compares the token and writes the checkpoint, in the open transaction. */
  seal(session: Session): Promise<void>;
}

/** Makes the generation visible and complete, all or nothing. */
export async function finish(scene: FinishScene): Promise<void> {
  const { session, target } = scene;
  const steps = stepsOf(scene);
  // One statement is a transaction by itself.
  if (steps.length === 0) return scene.seal(session);
  await session.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${SETTLE}; ${SETTLE_LONG}`);
  try {
    for (const step of steps) await step();
  } catch (error) {
    throw refusesRows(error) || sqlState(error) === NOT_READY ? rowsRefused(error, target) : error;
  }
  await scene.seal(session);
  await session.query("COMMIT");
}

type Step = () => Promise<void>;

function stepsOf({ session, target, request }: FinishScene): readonly Step[] {
  const { plan, key } = target;
  const reread = request.overlap && key.length > 0;
  switch (plan.mode) {
    case "append":
      return [
        ...(reread ? [() => deleteReread(session, target, request.since)] : []),
        ...(plan.minimumGeneration > 0 ? [() => deleteOlderGenerations(session, target)] : []),
      ];
    case "overwrite":
      return [
        ...(reread ? [() => deleteReread(session, target, request.since)] : []),
        () => replace(session, target),
      ];
    case "overwrite_dedup":
      return [() => leaveNewest(session, target), () => replace(session, target)];
    case "append_dedup":
      return [
        ...(plan.minimumGeneration > 0 ? [() => deleteOlderGenerations(session, target)] : []),
        () => addStaged(session, target),
      ];
  }
}

async function leaveNewest(session: Session, target: Target): Promise<void> {
  await deleteDuplicates(session, target);
  const deleted = deletedColumn(target);
  if (deleted === undefined) return;
  await session.query(`DELETE FROM ${tableText(target.load)} WHERE ${identifier(deleted)} IS NOT NULL`);
}

/** Brings staged rows into the final table. Into an empty one nothing needs merging: it is replaced. */
async function addStaged(session: Session, target: Target): Promise<void> {
  const [load, final] = [tableText(target.load), tableText(target.final)];
  const [found] = await session.query<{ readonly staged: string; readonly shown: string }>(
    `SELECT EXISTS (SELECT FROM ${load}) AS staged, EXISTS (SELECT FROM ${final}) AS shown`,
  );
  if (found?.staged !== "t") return;
  if (found.shown !== "t") {
    await leaveNewest(session, target);
    await replace(session, target);
    return;
  }
  await deleteDuplicates(session, target);
  await merge(session, target, deletedColumn(target));
  await session.query(`TRUNCATE ${load}`);
}

function deletedColumn({ columns }: Target): string | undefined {
  return columns.find(({ field }) => field.name === DELETED_AT_FIELD)?.name;
}

/** object_not_in_prerequisite_state: what a table says that is published without a replica identity. */
const NOT_READY = "55000";

const REFERRED = "Drop the foreign key, or load the stream it refers to first.";
const REMEDY = "Drop the constraint, index or trigger that refuses them, or correct the data.";
const REMEDIES: Readonly<Record<string, string>> = {
  "23503": REFERRED,
  "23001": REFERRED,
  [NOT_READY]: "Set a REPLICA IDENTITY for the table, or take it out of the publication.",
};

/** Parts were accepted by the stage; what refuses rows now is something that only the final table has. */
function rowsRefused(error: unknown, { plan, final }: Target): WeirError {
  const said = error instanceof WeirError ? (error.failure.detail ?? error.message) : String(error);
  return new WeirError(
    {
      code: "destination.rows_refused",
      message: `Table ${final.schema}.${final.name} refuses rows of stream ${plan.key}: ${said}`,
      next: `${REMEDIES[sqlState(error)] ?? REMEDY} The rows stay staged and are not read again.`,
      recovery: "ask",
      origin: "destination",
      stream: plan.key,
    },
    { cause: error },
  );
}
