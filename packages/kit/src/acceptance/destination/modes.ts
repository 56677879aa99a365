import type { ConfiguredStream, JsonObject } from "@weir/protocol";
import { expect, expectEqual } from "../expect.ts";
import { notApplicable } from "../row.ts";
import { wentWell } from "../run-command.ts";
import type { DestinationScene, Mode, StreamOptions } from "./scene.ts";

const FIELDS = { id: "integer", name: "string" } as const;

export async function appends(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  scene.needs("append");
  const stream = scene.stream(scene.name("twice"), FIELDS);
  await scene.sync(stream, [{ id: 1, name: "one" }]);
  await scene.sync(stream, [{ id: 1, name: "one" }]);
  await scene.expectRows(stream, [
    { id: 1, name: "one" },
    { id: 1, name: "one" },
  ]);
  return { rows: 2 };
}

const DELETED = "_ab_cdc_deleted_at";

export async function deduplicates(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  scene.needs("append_dedup");
  for (const kind of ["integer", "string"] as const) {
    const key = (id: number): number | string => (kind === "integer" ? id : `key ${id}`);
    const fields = {
      a: kind,
      b: kind,
      at: "timestamp_with_timezone",
      name: "string",
      [DELETED]: "timestamp_with_timezone",
    } as const;
    const stream = scene.stream(scene.name(`dedup_${kind}`), fields, {
      mode: "append_dedup",
      key: ["a", "b"],
      cursor: "at",
    });
    const row = (id: number, second: number, name: string, deleted = false): JsonObject => {
      const at = `2024-01-01T00:00:0${second}Z`;
      // Two rows share the first field of the key.
      return { a: key(Math.ceil(id / 2)), b: key(id), at, name, [DELETED]: deleted ? at : null };
    };
    await scene.sync(stream, [
      row(1, 2, "newer"),
      row(1, 1, "older"),
      row(2, 1, "stays"),
      row(3, 1, "to go"),
      row(4, 1, "made and gone"),
      row(4, 2, "made and gone", true),
    ]);
    await scene.sync({ ...stream, sync_id: 2 }, [
      row(1, 4, "newest"),
      row(1, 3, "between"),
      row(3, 2, "to go", true),
      row(5, 1, "never there", true),
      row(6, 1, "new"),
    ]);
    const gone = [row(3, 2, "to go", true), row(4, 2, "made and gone", true), row(5, 1, "never there", true)];
    await scene.expectRows(stream, [
      row(1, 4, "newest"),
      row(2, 1, "stays"),
      row(6, 1, "new"),
      ...(scene.subject.behaviour.deletes === "hard" ? [] : gone),
    ]);
  }
  return { keys: ["integer", "string"] };
}

export async function deduplicatesOtherwise(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  scene.needs("append_dedup");
  const fields = { id: "integer", other: "integer", at: "integer", name: "string" } as const;
  const options = { mode: "append_dedup", key: ["id"] } as const;
  const without = scene.stream(scene.name("no_cursor"), fields, options);
  await scene.sync(without, [
    { id: 1, other: 1, at: 9, name: "first" },
    { id: 1, other: 1, at: 1, name: "last" },
  ]);
  await scene.expectRows(without, [{ id: 1, other: 1, at: 1, name: "last" }], "without a cursor: rows");
  const stream = scene.stream(scene.name("null_cursor"), fields, { ...options, cursor: "at" });
  await scene.sync(stream, [
    { id: 1, other: 7, at: 5, name: "has one" },
    { id: 1, other: 7, at: null, name: "has none" },
    { id: 2, other: 8, at: 1, name: "two" },
  ]);
  const kept = [
    { id: 1, other: 7, at: 5, name: "has one" },
    { id: 2, other: 8, at: 1, name: "two" },
  ];
  await scene.expectRows(stream, kept, "with a NULL cursor: rows");
  const byOther = scene.stream(stream.stream.name, fields, { ...options, cursor: "at", key: ["other"] });
  await scene.sync(byOther, [{ id: 3, other: 8, at: 9, name: "same other" }]);
  await scene.expectRows(
    byOther,
    [
      { id: 1, other: 7, at: 5, name: "has one" },
      { id: 3, other: 8, at: 9, name: "same other" },
    ],
    "with another key: rows",
  );
  return {};
}

/** A stream that truncates: its generation is the least that stays. */
function truncating(stream: ConfiguredStream, generation: number): ConfiguredStream {
  return { ...stream, generation_id: generation, minimum_generation_id: generation };
}

/** The modes in which a destination can truncate. */
function truncatingModes(scene: DestinationScene): readonly Mode[] {
  scene.needsRows();
  const { modes } = scene.subject.behaviour;
  if (!modes.includes("overwrite")) notApplicable("it has no mode overwrite");
  return modes;
}

const keyed = (mode: Mode): StreamOptions => ({ mode, ...(mode === "append_dedup" ? { key: ["id"] } : {}) });

export async function truncates(scene: DestinationScene): Promise<JsonObject> {
  const modes = truncatingModes(scene);
  for (const mode of modes) {
    const stream = scene.stream(scene.name(mode), FIELDS, keyed(mode));
    await scene.sync(stream, [{ id: 1, name: "old" }]);
    await scene.sync(truncating(stream, 2), [{ id: 2, name: "new" }]);
    const [row] = await scene.expectRows(stream, [{ id: 2, name: "new" }], `${mode}: rows`);
    expectEqual(row?.generation, 2, "the generation of the row");
  }
  return { modes };
}

export async function truncatesIntoDedup(scene: DestinationScene): Promise<JsonObject> {
  scene.needs("append_dedup");
  truncatingModes(scene);
  const name = scene.name("changed");
  await scene.sync(scene.stream(name, FIELDS), [
    { id: 1, name: "appended" },
    { id: 9, name: "to go" },
  ]);
  const stream = scene.stream(name, FIELDS, { mode: "append_dedup", key: ["id"], generation: 2, minimum: 2 });
  await scene.sync(stream, [
    { id: 1, name: "first" },
    { id: 1, name: "last" },
  ]);
  await scene.expectRows(stream, [{ id: 1, name: "last" }]);
  return {};
}

async function interrupted(scene: DestinationScene, mode: Mode, withEarlier: boolean): Promise<void> {
  const stream = scene.stream(scene.name(`${mode}_${String(withEarlier)}`), FIELDS, keyed(mode));
  const earlier = withEarlier ? [{ id: 1, name: "earlier" }] : [];
  if (withEarlier) await scene.sync(stream, earlier);
  const next = truncating(stream, 42);
  const second = { id: 2, name: "interrupted" };
  await scene.sync({ ...next, sync_id: 2 }, [second], { interrupted: true });
  const isShown = scene.subject.behaviour.showsEarly.includes(mode);
  const shown = [...earlier, ...(isShown ? [second] : [])];
  await scene.expectRows(stream, shown, `${mode}, interrupted: rows`);
  const third = { id: 3, name: "completed" };
  await scene.sync({ ...next, sync_id: 3 }, [third]);
  await scene.expectRows(stream, [second, third], `${mode}, completed: rows`);
}

export async function interruptedTruncate(scene: DestinationScene): Promise<JsonObject> {
  const modes = truncatingModes(scene);
  for (const mode of modes) await interrupted(scene, mode, true);
  return { modes };
}

export async function interruptedTruncateOfNothing(scene: DestinationScene): Promise<JsonObject> {
  const modes = truncatingModes(scene);
  for (const mode of modes) await interrupted(scene, mode, false);
  return { modes };
}

export async function truncateGivenUp(scene: DestinationScene): Promise<JsonObject> {
  // A refresh of a stream that is overwritten anyway is not given up: the next sync replaces all of it.
  const modes = truncatingModes(scene).filter((mode) => mode !== "overwrite");
  if (modes.length === 0) notApplicable("it only overwrites");
  for (const mode of modes) {
    const stream = scene.stream(scene.name(mode), FIELDS, keyed(mode));
    const rows = [1, 2, 3].map((id) => ({ id, name: `of sync ${id}` }));
    const [first, second, third] = rows.map((row) => [row]);
    await scene.sync(stream, first ?? []);
    await scene.sync({ ...truncating(stream, 42), sync_id: 2 }, second ?? [], { interrupted: true });
    await scene.sync({ ...stream, generation_id: 43, sync_id: 3 }, third ?? []);
    await scene.expectRows(stream, rows, `${mode}: rows`);
  }
  const hybrid = {
    ...scene.stream(scene.name("hybrid"), FIELDS),
    generation_id: 5,
    minimum_generation_id: 3,
  };
  const result = await scene.write([hybrid], [scene.complete(hybrid)]);
  expect(result.error !== undefined, "a minimum between 0 and the generation was taken");
  return { modes };
}

export async function evolves(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const name = scene.name("evolving");
  const before = scene.stream(name, { id: "integer", gone: "string", widened: "integer" });
  const after = scene.stream(name, { id: "integer", widened: "number", come: "boolean" });
  const all = scene.stream(name, { id: "integer", gone: "string", widened: "number", come: "boolean" });
  await scene.sync(before, [{ id: 1, gone: "kept", widened: 7 }]);
  wentWell(
    await scene.write(
      [after],
      [scene.record(after, { id: 2, widened: 0.5, come: true }), scene.complete(after)],
    ),
    "the sync with another schema",
  );
  await scene.expectRows(all, [
    { id: 1, gone: "kept", widened: 7 },
    { id: 2, widened: 0.5, come: true },
  ]);
  if (!scene.subject.behaviour.modes.includes("overwrite")) return { overwritten: false };
  const table = scene.name("retyped");
  const options = { mode: "overwrite", generation: 1, minimum: 1 } as const;
  await scene.sync(scene.stream(table, { id: "integer", value: "string" }, options), [{ id: 1, value: "x" }]);
  const retyped = scene.stream(
    table,
    { id: "integer", value: "integer" },
    { ...options, generation: 2, minimum: 2 },
  );
  await scene.sync(retyped, [{ id: 1, value: 5 }]);
  await scene.expectRows(retyped, [{ id: 1, value: 5 }], "rows of another type");
  return { overwritten: true };
}
