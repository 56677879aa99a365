import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cassettesIn, nameOf } from "./cassette.ts";
import { belowFloor, readFloor, writeFloor } from "./floor.ts";
import type { ConformanceOptions } from "./options.ts";
import { readOptions } from "./options.ts";
import { reportOf, tableOf } from "./report.ts";
import { runAll } from "./run.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const FLOOR = resolve(ROOT, "docs", "conformance.json");

async function conformance(options: ConformanceOptions): Promise<number> {
  const all = cassettesIn(options.folder);
  const files = all.filter((file) => nameOf(file).includes(options.only));
  if (files.length === 0) {
    console.log("Skipped: no cassettes. Set WEIR_TESTDATA or name a folder that holds cassettes/.");
    return 0;
  }
  const { folder, workers } = options;
  const scores = await runAll({ folder, files, workers, note: console.error });
  const report = reportOf(scores);
  console.log(tableOf(scores).join("\n"));
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  // Part of the cassettes, or others: the floor says nothing of them.
  if (files.length !== all.length || !isSharedFolder(folder)) return 0;
  if (options.raise) writeFloor(FLOOR, report.totals);
  const below = belowFloor(readFloor(FLOOR) ?? reportFloor(), report.totals);
  for (const line of below) console.error(`Below the floor: ${line}`);
  return below.length === 0 ? 0 : 1;
}

function reportFloor() {
  return { spec: 0, check: 0, catalog: 0, requests: 0, records: 0, states: 0, second: 0 };
}

function isSharedFolder(folder: string): boolean {
  return folder === readOptions([], ROOT).folder;
}

process.exitCode = await conformance(readOptions(process.argv.slice(2), ROOT));
