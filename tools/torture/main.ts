import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@weir/kit/testing";
import type { Damage } from "./check.ts";
import { addDamage, isDamaged, NO_DAMAGE } from "./check.ts";
import type { DestinationName, TortureOptions } from "./options.ts";
import { readOptions } from "./options.ts";
import type { Scenario, Victim } from "./scenario.ts";
import { placeFor, projectFor, runScenario } from "./scenario.ts";
import type { Servers } from "./servers.ts";
import { copyBase, dropCopy, startServers } from "./servers.ts";
import type { Executables } from "./trial.ts";
import { modesOf, syncToEnd } from "./trial.ts";

interface Report {
  readonly kills: number;
  readonly trials: number;
  readonly damage: Damage;
  readonly byKind: Readonly<Record<string, number>>;
  readonly damaged: readonly string[];
  readonly seconds: number;
}

/** Kills syncs and servers at random moments, resumes, and compares every row with the source. */
async function torture(options: TortureOptions): Promise<Report> {
  const started = Date.now();
  const random = seededRandom(options.seed);
  const folder = mkdtempSync(join(tmpdir(), "weir-torture-"));
  const servers = await startServers(options.rows);
  const byKind: Record<string, number> = {};
  const damaged: string[] = [];
  let damage = NO_DAMAGE;
  let kills = 0;
  let trials = 0;
  try {
    const usual = await measureUsual(servers, folder, options);
    while (kills < options.kills) {
      const scenario = pick(trials, random, options);
      const outcome = await runScenario({
        scenario,
        servers,
        folder,
        rows: options.rows,
        random,
        usual: usual.get(kindOf(scenario)) ?? 0,
      });
      trials += 1;
      kills += outcome.kills;
      // The machine's speed drifts: a kill that came too late means that syncs take less than was measured.
      const factor = outcome.kills === 0 ? 0.8 : 1.03;
      usual.set(kindOf(scenario), (usual.get(kindOf(scenario)) ?? 0) * factor);
      damage = addDamage(damage, outcome.damage);
      const kind = `${kindOf(scenario)} ${scenario.mode}, ${scenario.victim}`;
      byKind[kind] = (byKind[kind] ?? 0) + outcome.kills;
      const text = `trial ${scenario.number}: ${kind}, sync ${scenario.during}`;
      if (isDamaged(outcome.damage)) damaged.push(`${text}: ${JSON.stringify(outcome.damage)}`);
      const found = isDamaged(outcome.damage) ? JSON.stringify(outcome.damage) : "exact";
      console.error(`${text}: ${outcome.kills} kills, ${found}`);
    }
  } finally {
    await servers.stop();
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
  return { kills, trials, damage, byKind, damaged, seconds: Math.round((Date.now() - started) / 1000) };
}

/** Every destination and mode in turn; victims and moments at random. */
function pick(number: number, random: () => number, options: TortureOptions): Scenario {
  const { changing, destinations, child } = options;
  const destination = destinations[number % destinations.length] ?? "postgres";
  const modes = modesOf(destination);
  const mode = modes[Math.floor(number / destinations.length) % modes.length] ?? "full_refresh_append";
  const executables = child ? one(EXECUTABLES, random) : IN_PROCESS;
  const other = one(othersThan(destination, executables), random);
  const victim = random() < (child ? 0.3 : 0.75) ? "sync" : other;
  return { number, destination, mode, victim, during: random() < 0.6 ? 1 : 2, changing, executables };
}

const IN_PROCESS: Executables = { source: false, destination: false };

const EXECUTABLES: readonly [Executables, ...Executables[]] = [
  { source: true, destination: false },
  { source: false, destination: true },
  { source: true, destination: true },
];

/** What else than the sync can be killed: executables where there are any, else servers. */
function othersThan(destination: DestinationName, executables: Executables): readonly [Victim, ...Victim[]] {
  const { source, destination: isExecutable } = executables;
  if (source && isExecutable) return ["source executable", "destination executable"];
  if (isExecutable) return ["destination executable"];
  if (source) return ["source executable"];
  return destination === "postgres" ? ["source server", "destination server"] : ["source server"];
}

function one<T>(list: readonly [T, ...T[]], random: () => number): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** Scenarios of one kind take the same time. */
function kindOf({ destination, executables }: Pick<Scenario, "destination" | "executables">): string {
  const sides = [executables.source ? "source" : "", executables.destination ? "destination" : ""];
  const names = sides.filter((side) => side !== "").join(" and ");
  return names === "" ? destination : `${destination} (${names} executable)`;
}

/** How long a first sync takes here when nobody disturbs it: kills fall within that time. */
async function measureUsual(
  servers: Servers,
  folder: string,
  { destinations, child }: TortureOptions,
): Promise<Map<string, number>> {
  const usual = new Map<string, number>();
  for (const destination of destinations) {
    for (const executables of child ? EXECUTABLES : [IN_PROCESS]) {
      const name = `usual_${usual.size}`;
      await copyBase(servers, name);
      const scenario: Scenario = {
        number: 0,
        destination,
        mode: "full_refresh_overwrite",
        victim: "sync",
        during: 1,
        changing: false,
        executables,
      };
      const place = placeFor({ servers, scenario, folder }, name);
      const { milliseconds } = await syncToEnd(projectFor({ servers, scenario, folder }, name, place));
      usual.set(kindOf(scenario), milliseconds);
      await place.remove();
      await dropCopy(servers, name);
    }
  }
  return usual;
}

const options = readOptions(process.argv.slice(2));
const report = await torture(options);
if (options.json) console.log(JSON.stringify(report));
else
  console.log(
    `${report.kills} kills in ${report.trials} trials, ${report.seconds} s: ${report.damage.lost} rows lost, ${report.damage.doubled} doubled, ${report.damage.invented} invented`,
  );
process.exitCode = isDamaged(report.damage) || report.kills < options.kills ? 1 : 0;
