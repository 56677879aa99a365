import { describe, expect, it } from "vitest";
import { runSchedule } from "./schedules/schedule.ts";
import { FORMS } from "./schedules/world.ts";

const SEEDS = 60;
const SYNCS = 8;

describe("schedules of syncs with changing choices, refreshes, clears and crashes", () => {
  it.each(FORMS)("%s: tables are right after every sync that succeeds", async (form) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await runSchedule(form, seed, SYNCS)).toEqual([]);
  });
});
