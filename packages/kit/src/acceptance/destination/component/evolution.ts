import type { JsonObject } from "@weir/protocol";
import { expect, expectEqual } from "../../expect.ts";
import type { DestinationScene } from "../scene.ts";
import { begin, finish, load, planOf, withSession } from "./session.ts";

const BEFORE = { id: "integer", gone: "string", wider: "integer", loose: "string" } as const;
const AFTER = { id: "integer", come: "string", wider: "number", loose: "unknown" } as const;
const ALL = { ...BEFORE, ...AFTER };

export async function evolvesTables(scene: DestinationScene): Promise<JsonObject> {
  const name = scene.name("evolved");
  const before = planOf(name, BEFORE);
  const after = planOf(name, AFTER);
  const rows: JsonObject[] = [
    { id: 1, gone: "kept", wider: 1, loose: "text" },
    { id: 2, come: "new", wider: 2.5, loose: { any: ["thing"] } },
    { id: 3, gone: "back", wider: 3, loose: "text again" },
  ];
  const [first = {}, second = {}, third = {}] = rows;
  let isTold = false;
  await withSession(scene, name, async (session) => {
    await begin(session, before);
    await load(session, before, [first]);
    expectEqual(await begin(session, before), [], "changes for an unchanged stream");
    const notes = await begin(session, after);
    // What does not know its columns has nothing to tell.
    isTold = session.missingColumns !== undefined;
    if (isTold) expectTold(notes, "come");
    await load(session, after, [second]);
    expectEqual(await begin(session, after), [], "changes for a stream that has changed already");
    expectTold(await begin(session, before), undefined);
    await load(session, before, [third]);
  });
  const stream = scene.stream(name, ALL);
  const isRead = scene.subject.dump !== undefined;
  if (isRead) await scene.expectRows(stream, rows);
  const { modes } = scene.subject.behaviour;
  if (modes.includes("append_dedup")) {
    const keyed = planOf(name, AFTER, { mode: "append_dedup", primaryKey: ["id"], generation: 2 });
    const newer = { ...second, come: "newer" };
    await withSession(scene, name, async (session) => {
      expectTold(await begin(session, keyed), undefined);
      await load(session, keyed, [newer]);
      await finish(session, keyed);
    });
    if (isRead) await scene.expectRows(stream, [first, newer, third], "rows after a change of the mode");
  }
  return { readBack: isRead, told: isTold };
}

/** Of the fields only those that came or changed are told, and the one that came is. */
function expectTold(notes: readonly string[], come: string | undefined): void {
  const names = (note: string): readonly string[] =>
    Object.keys(ALL).filter((name) => note.includes(` ${name} `));
  const told = notes.flatMap(names);
  const added = told.filter((name) => name === "come");
  expectEqual(
    added.length,
    come === undefined ? 0 : 1,
    `notes of an added field in ${JSON.stringify(notes)}`,
  );
  const others = told.filter((name) => name === "gone" || name === "id");
  expect(others.length === 0, `a field that did not change is told: ${notes.join("; ")}`);
}
