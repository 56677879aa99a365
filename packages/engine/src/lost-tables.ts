import type { DestinationSession } from "@weir/protocol";
import type { PlannedStream, PlanInput, SyncPlan } from "./plan.ts";
import { planSync } from "./plan.ts";

/**
 * Plans, and plans again without the checkpoints of streams whose table somebody dropped: to go on from there would
 * leave a table with the newest rows only, and call it complete. [I9]
 */
export async function planTables(session: DestinationSession, input: PlanInput): Promise<SyncPlan> {
  const plan = planSync(input);
  const going = plan.streams.filter(goesOn).map((planned) => planned.plan);
  if (session.missing === undefined || going.length === 0) return plan;
  const lost = new Set(await session.missing(going));
  if (lost.size === 0) return plan;
  const again = planSync({ ...input, lost });
  const notices = [...lost].map(
    (key) => `${key}: its table is gone from the destination: everything is read again.`,
  );
  return { ...again, notices: [...again.notices, ...notices] };
}

/** What replaces its table needs none; what starts anew makes one. */
function goesOn({ plan, work, anew, document }: PlannedStream): boolean {
  const appends = plan.mode === "append" || plan.mode === "append_dedup";
  return appends && !anew && work !== "clear" && document.generation > 0;
}
