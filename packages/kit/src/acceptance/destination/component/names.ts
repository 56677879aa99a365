import type { DestinationSession, FieldKind, JsonObject, StreamPlan } from "@weir/protocol";
import { FIELD_KINDS, WeirError } from "@weir/protocol";
import { expect, expectEqual, stableText } from "../../expect.ts";
import type { DestinationScene } from "../scene.ts";
import { begin, load, planOf, withSession } from "./session.ts";

const TABLES = ["simple", "1digit", "select", "temp", "CamelCase", 'quo"te', "a b-c/d", "émigré"] as const;

const COLUMNS = ["order", "1st", "Foo.Bar", "temp", 'quo"te'] as const;

/** A field of each kind, and one for each hard name. */
const KINDS: Readonly<Record<string, FieldKind>> = {
  id: "integer",
  ...Object.fromEntries(FIELD_KINDS.map((kind) => [`of_${kind}`, kind])),
  ...Object.fromEntries(COLUMNS.map((name) => [name, "string"])),
};

const rowOf = (id: number): JsonObject => ({
  id,
  ...Object.fromEntries(COLUMNS.map((name) => [name, `${name} ${id}`])),
});

export async function mapsNames(scene: DestinationScene): Promise<JsonObject> {
  const namespace = scene.name("mapped");
  const plans = TABLES.map((name) => placed(planOf(name, KINDS), namespace));
  const columns: string[] = [];
  // Another session each time, as another process would have it.
  for (const attempt of [1, 2]) {
    await withSession(scene, namespace, async (session) => {
      const notes = await begin(session, ...plans);
      if (attempt === 2) expectEqual(notes, [], "what the second attempt changed");
      columns.push(stableText(plans.map((plan) => columnsOf(session, plan))));
      for (const plan of plans) await load(session, plan, [rowOf(attempt)]);
    });
  }
  expectEqual(columns[1], columns[0], "columns in the second attempt");
  const isRead = scene.subject.dump !== undefined;
  for (const name of isRead ? TABLES : [])
    await scene.expectRows(scene.stream(name, KINDS, { namespace }), [rowOf(1), rowOf(2)]);
  await withSession(scene, namespace, (session) => refusesTwo(session, planOf(scene.name("twice"), KINDS)));
  return {
    tables: TABLES.length,
    columns: Object.keys(KINDS).length,
    foldedApart: await foldsOrRefuses(scene),
  };
}

function placed(plan: StreamPlan, namespace: string): StreamPlan {
  const table = { ...plan.table, namespace };
  return { ...plan, table, key: `${namespace}.${table.name}` };
}

/** A column for every field, in what the destination makes of its type. */
function columnsOf(session: DestinationSession, plan: StreamPlan): readonly (readonly string[])[] {
  const batch = session.takes(plan).find(({ format }) => format === "batch");
  const columns = batch?.columns ?? [];
  const fields = plan.fields.map(({ name }) => name).toSorted();
  expectEqual(columns.map(({ field }) => field.name).toSorted(), fields, "fields that are taken");
  return columns.map(({ field, type }) => [field.name, field.kind, type]);
}

async function refusesTwo(session: DestinationSession, plan: StreamPlan): Promise<void> {
  const failure = await failureOfBegin(session, [plan, { ...plan, key: "other" }]);
  expect(failure !== undefined, "two streams for one table were taken");
  expectEqual(failure, "destination.names_collide", "what two streams for one table fail with");
}

/** Names that differ in their case alone are kept apart or refused, never mixed. */
async function foldsOrRefuses(scene: DestinationScene): Promise<boolean> {
  const namespace = scene.name("folded");
  const names = ["Folded", "folded"];
  const plans = names.map((name) => placed(planOf(name, { id: "integer" }), namespace));
  let areApart = false;
  await withSession(scene, namespace, async (session) => {
    const failure = await failureOfBegin(session, plans);
    if (failure !== undefined) {
      expectEqual(failure, "destination.names_collide", "what names alike but for their case fail with");
      return;
    }
    areApart = true;
    for (const [id, plan] of plans.entries()) await load(session, plan, [{ id }]);
  });
  const isRead = scene.subject.dump !== undefined && areApart;
  for (const [id, name] of isRead ? names.entries() : [])
    await scene.expectRows(scene.stream(name, { id: "integer" }, { namespace }), [{ id }]);
  return areApart;
}

async function failureOfBegin(
  session: DestinationSession,
  plans: readonly StreamPlan[],
): Promise<string | undefined> {
  try {
    await begin(session, ...plans);
    return undefined;
  } catch (error) {
    if (error instanceof WeirError) return error.failure.code;
    throw error;
  }
}
