import { describe, expect, it } from "vitest";
import { runOvertaken } from "./schedules/overtaken.ts";
import { runSchedule } from "./schedules/schedule.ts";
import type { Kind } from "./schedules/world.ts";
import { FORMS } from "./schedules/world.ts";

const SEEDS = 25;
const SYNCS = 8;

const KINDS: readonly Kind[] = [
  ...FORMS.map((form) => ({ form })),
  { form: "parts", again: "restarts" },
  { form: "log", again: "tails" },
  { form: "parts", again: "not transactional" },
  { form: "STREAM", again: "not transactional" },
];

describe("schedules of syncs with changing choices, refreshes, clears and crashes", () => {
  const titled = KINDS.map((kind) => [[kind.form, kind.again ?? []].flat().join(", "), kind] as const);
  it.each(titled)("%s: tables are right after every sync that succeeds", async (_title, kind) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await runSchedule(kind, seed, SYNCS)).toEqual([]);
  });
});

describe("schedules in which a worker stands still and another takes over", () => {
  it.each(FORMS)("%s: tables are right, and who was surpassed says so", async (form) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await runOvertaken({ form }, seed, 6)).toEqual([]);
  });
});
