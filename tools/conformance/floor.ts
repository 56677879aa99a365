import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Counts, Measure } from "./score.ts";
import { MEASURES } from "./score.ts";

/** How many of each measure were equal at the last raise, over all cassettes of the shared folder. */
export type Floor = Readonly<Record<Measure, number>>;

export function readFloor(file: string): Floor | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Floor) : null;
}

export function writeFloor(file: string, totals: Counts): void {
  const floor = Object.fromEntries(MEASURES.map((measure) => [measure, totals[measure].equal]));
  writeFileSync(file, `${JSON.stringify(floor, null, 2)}\n`);
}

/** What has fallen below it, a line each. */
export function belowFloor(floor: Floor, totals: Counts): readonly string[] {
  return MEASURES.filter((measure) => totals[measure].equal < floor[measure]).map(
    (measure) => `${measure}: ${totals[measure].equal} equal, the floor is ${floor[measure]}`,
  );
}
