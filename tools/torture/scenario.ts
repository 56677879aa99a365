import { join } from "node:path";
import type { Damage } from "./check.ts";
import {
  addDamage,
  atLeast,
  compare,
  compareNothingLost,
  comparePromise,
  fresh,
  NO_DAMAGE,
  plus,
  times,
} from "./check.ts";
import type { Contents, Place } from "./destinations.ts";
import { duckdbPlace, filePlace, postgresPlace } from "./destinations.ts";
import type { DestinationName } from "./options.ts";
import type { Servers } from "./servers.ts";
import {
  connect,
  connectionConfig,
  copyBase,
  dropCopy,
  PASSWORD_VARIABLE,
  readSource,
  targetOf,
} from "./servers.ts";
import { changeSource } from "./source-tables.ts";
import type { Executables, Mode, Project } from "./trial.ts";
import {
  lastSync,
  syncKilled,
  syncToEnd,
  syncWhileExecutableDies,
  syncWhileServerDies,
  tablesOf,
  writeProject,
} from "./trial.ts";

export type Victim =
  | "sync"
  | "source executable"
  | "destination executable"
  | "source server"
  | "destination server";

export interface Scenario {
  readonly number: number;
  readonly destination: DestinationName;
  readonly mode: Mode;
  /** What is killed: the sync, an executable of it, or a database server under it. */
  readonly victim: Victim;
  /** 1: during the first sync. 2: during the sync after a change of the source. */
  readonly during: 1 | 2;
  readonly changing: boolean;
  readonly executables: Executables;
}

export interface ScenarioInput {
  readonly scenario: Scenario;
  readonly servers: Servers;
  readonly folder: string;
  readonly rows: number;
  readonly random: () => number;
  /** Milliseconds a sync of this kind takes when left alone. */
  readonly usual: number;
}

export interface Outcome {
  readonly kills: number;
  readonly damage: Damage;
}

type Snapshot = ReadonlyMap<string, Contents>;

/** One trial: sync, kill, resume, compare. */
export async function runScenario(input: ScenarioInput): Promise<Outcome> {
  const { scenario, servers } = input;
  const name = `trial_${scenario.number}`;
  await copyBase(servers, name);
  const place = placeFor(input, name);
  try {
    const project = projectFor(input, name, place);
    const before = await snapshot(input, name);
    if (scenario.during === 2) {
      await syncToEnd(project);
      await change(input, name, 1);
    }
    const history = [await snapshot(input, name)];
    const kills = await killAndResume(input, name, project, history);
    const syncs = await lastSync(project);
    let damage = NO_DAMAGE;
    for (const table of tablesOf(scenario.mode)) {
      const found = await place.read(table);
      const damages = history.map((now) => judge({ scenario, table, before, now, found, syncs }));
      damage = addDamage(damage, least(damages));
    }
    return { kills, damage };
  } finally {
    await place.remove();
    await dropCopy(servers, name);
  }
}

/** A place of the scenario's destination, still empty. */
export function placeFor(
  { scenario, servers, folder }: Pick<ScenarioInput, "servers" | "scenario" | "folder">,
  name: string,
): Place {
  switch (scenario.destination) {
    case "postgres":
      return postgresPlace(targetOf(servers), name);
    case "duckdb":
      return duckdbPlace(folder, name);
    default:
      return filePlace(folder, name, scenario.destination);
  }
}

export function projectFor(
  input: Pick<ScenarioInput, "servers" | "scenario" | "folder">,
  name: string,
  place: Place,
): Project {
  const { servers, scenario, folder } = input;
  return writeProject({
    folder: join(folder, name),
    connection: name,
    source: { ...connectionConfig(servers.source, name, PASSWORD_VARIABLE), part_megabytes: 1 },
    place,
    mode: scenario.mode,
    executables: scenario.executables,
    env: {
      // What an executable keeps in a destination is kept by streams, and those are the same in every trial.
      WEIR_CONNECTION: name,
      [PASSWORD_VARIABLE]: servers.source.password,
      [`${PASSWORD_VARIABLE}_TO`]: servers.destination.password,
    },
  });
}

/**
 * A stream that the sync had finished before it was killed is not read again: what it holds is the source as it was at
 * some moment between the kills. Without changes there is only one such moment.
 */
function least(damages: readonly Damage[]): Damage {
  const sum = ({ lost, doubled, invented }: Damage): number => lost + doubled + invented;
  return damages.reduce((best, each) => (sum(each) < sum(best) ? each : best));
}

/** Kills until it hit a running sync once, sometimes twice, then lets the sync end. */
async function killAndResume(
  input: ScenarioInput,
  name: string,
  project: Project,
  history: Snapshot[],
): Promise<number> {
  const { scenario, random, usual } = input;
  const delay = (): number => 100 + random() * usual;
  const changeAgain = async (round: number): Promise<void> => {
    if (!scenario.changing) return;
    await change(input, name, round);
    history.push(await snapshot(input, name));
  };
  let kills = 0;
  if (scenario.victim === "sync") {
    const rounds = random() < 0.3 ? 2 : 1;
    for (let round = 0; round < rounds; round += 1) {
      if (await syncKilled(project, delay())) kills += 1;
      await changeAgain(2 + round);
    }
    await syncToEnd(project);
    return kills;
  }
  if (scenario.victim === "source executable" || scenario.victim === "destination executable") {
    const command = scenario.victim === "source executable" ? "read" : "write";
    const killed = await syncWhileExecutableDies(project, delay(), command);
    await changeAgain(2);
    return killed ? 1 : 0;
  }
  const server = scenario.victim === "source server" ? input.servers.source : input.servers.destination;
  const hit = await syncWhileServerDies(project, delay(), async () => {
    await server.kill();
    await server.restart();
    await changeAgain(2);
  });
  return hit ? 1 : 0;
}

async function change(input: ScenarioInput, name: string, round: number): Promise<void> {
  const client = await connect(input.servers.source, name);
  try {
    await changeSource(client, { round, rows: input.rows, deletes: input.scenario.changing });
  } finally {
    await client.end();
  }
}

async function snapshot(input: ScenarioInput, name: string): Promise<Snapshot> {
  const contents = new Map<string, Contents>();
  for (const table of tablesOf(input.scenario.mode)) {
    contents.set(table, await readSource(input.servers.source, name, table));
  }
  return contents;
}

interface Judgement {
  readonly scenario: Scenario;
  readonly table: string;
  readonly before: Snapshot;
  readonly now: Snapshot;
  readonly found: Contents;
  readonly syncs: number;
}

function judge({ scenario, table, before, now, found, syncs }: Judgement): Damage {
  const first = before.get(table) ?? new Map<string, number>();
  const last = now.get(table) ?? new Map<string, number>();
  if (scenario.changing) return judgeChanging(scenario, table, last, found, syncs);
  // What an executable has been sent cannot be taken back: at least once, and once where rows replace each other.
  const promised = scenario.executables.destination ? atLeast : compare;
  switch (scenario.mode) {
    case "full_refresh_overwrite":
    case "full_refresh_overwrite_deduped":
    case "incremental_append_deduped":
      return compare(last, found);
    case "full_refresh_append":
      return promised(
        scenario.during === 1 ? times(last, syncs) : plus(first, times(last, syncs - 1)),
        found,
      );
    case "incremental_append":
      return promised(scenario.during === 1 ? last : plus(first, fresh(first, last)), found);
  }
}

/** What README and SPEC promise when the source changes between attempts. */
function judgeChanging(
  scenario: Scenario,
  table: string,
  now: Contents,
  found: Contents,
  syncs: number,
): Damage {
  const appends = scenario.mode === "incremental_append" || scenario.mode === "full_refresh_append";
  const loadsOnce =
    scenario.mode === "full_refresh_append" && syncs === 1 && !scenario.executables.destination;
  const single = !appends || loadsOnce;
  if (table === "keyed" && single) return comparePromise(now, found);
  return compareNothingLost(now, found);
}
