import type { DestinationSession } from "@weir/protocol";
import type { PlanInput, SyncPlan } from "./plan.ts";
import type { PlannedStream } from "./planned-stream.ts";
import { planSync } from "./plan.ts";

/**
 * Plans, and plans again without the checkpoints of streams whose table somebody dropped: to go on from there would
 * leave a table with the newest rows only, and call it complete. [I9]
 */
export async function planTables(session: DestinationSession, input: PlanInput): Promise<SyncPlan> {
  const plan = planSync(input);
  const going = plan.streams.filter(goesOn);
  if (session.missing === undefined || going.length === 0) return plan;
  const lost = new Set(await session.missing(going.map((planned) => planned.plan)));
  const there = going.filter(({ plan: { key } }) => !lost.has(key));
  const emptied = await columnsGone(session, input, there);
  if (lost.size === 0) return { ...plan, notices: [...plan.notices, ...emptied] };
  const again = planSync({ ...input, lost });
  const notices = [...lost].map(
    (key) => `${key}: its table is gone from the destination: everything is read again.`,
  );
  return { ...again, notices: [...again.notices, ...notices, ...emptied] };
}

/** A column somebody dropped comes back without its values; what is new at the source never had one. */
async function columnsGone(
  session: DestinationSession,
  { held }: PlanInput,
  going: readonly PlannedStream[],
): Promise<readonly string[]> {
  if (session.missingColumns === undefined || going.length === 0) return [];
  const known = going.map(({ plan }) => {
    const names = new Set(held.streams.get(plan.key)?.choice.fields.map(({ name }) => name));
    return { ...plan, fields: plan.fields.filter(({ name }) => names.has(name)) };
  });
  const missing = await session.missingColumns(known);
  return missing
    .filter(({ fields }) => fields.length > 0)
    .map(
      ({ stream, fields }) =>
        `${stream}: somebody dropped the column of ${fields.join(", ")} at the destination: it is made again, NULL in the rows already there. Refresh the stream to fill them.`,
    );
}

/** What replaces its table needs none; what starts anew makes one. */
function goesOn({ plan, work, anew, document }: PlannedStream): boolean {
  const appends = plan.mode === "append" || plan.mode === "append_dedup";
  return appends && !anew && work !== "clear" && document.generation > 0;
}
