import type { DestinationSession, JsonObject, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { expect, expectEqual } from "../../expect.ts";
import type { DestinationScene } from "../scene.ts";
import { begin, finish, load, nextToken, planOf, signal, withSession } from "./session.ts";

export async function tableOperations(scene: DestinationScene): Promise<JsonObject> {
  const name = scene.name("tables");
  const plan = planOf(name, { id: "integer" });
  let last: readonly JsonObject[] = [{ id: 1 }, { id: 2 }];
  let isCounted = false;
  await withSession(scene, name, async (session) => {
    await session.held();
    await begin(session, plan);
    const { transactional, modes } = session.capabilities;
    if (transactional) await load(session, plan, [{ id: 9 }], "rollback");
    await load(session, plan, last);
    isCounted = await expectCount(session, plan, 2, "after a rollback and a commit");
    await finishAndAsk(session, plan);
    if (modes.includes("overwrite")) {
      const next = planOf(
        name,
        { id: "integer" },
        { mode: "overwrite", generation: 2, minimumGeneration: 2 },
      );
      await begin(session, next);
      await load(session, next, [{ id: 3 }]);
      // What keeps nothing counts what it was given.
      if (scene.subject.dump !== undefined) {
        await expectCount(session, next, 2, "before the end of an overwrite");
      }
      await finishAndAsk(session, next);
      await expectCount(session, next, 1, "after an overwrite");
      last = [{ id: 3 }];
    }
    if (transactional) await fenceHolds(scene, session, planOf(name, { id: "integer" }, { generation: 3 }));
  });
  const isRead = scene.subject.dump !== undefined;
  if (isRead) await scene.expectRows(scene.stream(name, { id: "integer" }), last);
  return { readBack: isRead, counted: isCounted };
}

/** Compares what the destination counts itself, where it can. */
async function expectCount(
  session: DestinationSession,
  plan: StreamPlan,
  rows: number,
  when: string,
): Promise<boolean> {
  try {
    const measure = await session.measure(plan, { key: [], signal });
    expectEqual(measure.rows, rows, `rows ${when}`);
    return true;
  } catch (error) {
    if (error instanceof WeirError && error.failure.code === "destination.not_countable") return false;
    throw error;
  }
}

async function finishAndAsk(session: DestinationSession, stream: StreamPlan): Promise<void> {
  await finish(session, stream);
  const held = await session.held();
  if (!session.capabilities.transactional) return;
  const found = held.checkpoints.find((each) => each.stream === stream.key);
  expectEqual(found?.document, { finished: true }, "the checkpoint after the end");
}

/** A later attempt takes over; the one before it can commit nothing more. */
async function fenceHolds(
  scene: DestinationScene,
  older: DestinationSession,
  plan: StreamPlan,
): Promise<void> {
  const token = nextToken();
  await older.begin({ token, streams: [plan], checkpoints: [] });
  await withSession(scene, plan.table.name, async (newer) => {
    await newer.begin({ token: { ...token, attempt: 2 }, streams: [plan], checkpoints: [] });
    const failed = await load(older, plan, [{ id: 99 }]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed instanceof WeirError, "an older attempt could commit");
    expectEqual(failed.failure.code, "destination.fenced", "what the older attempt failed with");
  });
}
