import { globSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { Place } from "./destinations.ts";
import { type DestinationName, FILE_FORMATS } from "./options.ts";
import type { Ended } from "./process.ts";
import { startWeir, WEIR } from "./process.ts";

const SOURCE = "source-postgres";

/** For how long an executable may outlive the sync that was killed. */
const SURVIVAL_MS = 3000;

const MODES = [
  "full_refresh_append",
  "full_refresh_overwrite",
  "full_refresh_overwrite_deduped",
  "incremental_append",
  "incremental_append_deduped",
] as const;

export type Mode = (typeof MODES)[number];

/** Files know no rows that take each other's place. */
export function modesOf(destination: DestinationName): readonly Mode[] {
  const isFile = FILE_FORMATS.some((format) => format === destination);
  return isFile ? MODES.filter((mode) => !mode.endsWith("_deduped")) : MODES;
}

/** Modes that need a primary key move only the table that has one. */
export function tablesOf(mode: Mode): readonly string[] {
  return mode.endsWith("_deduped") ? ["keyed"] : ["keyed", "plain"];
}

export interface Project {
  readonly folder: string;
  /** One for each trial: checkpoints of several trials lie in one destination. */
  readonly connection: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Which sides run as executables, `weir connector <id>`. */
export interface Executables {
  readonly source: boolean;
  readonly destination: boolean;
}

export interface ProjectInput {
  readonly folder: string;
  readonly connection: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly place: Place;
  readonly mode: Mode;
  readonly executables: Executables;
  readonly env: Readonly<Record<string, string>>;
}

/** Writes a weir.yaml for one trial. Waits between attempts are short, so that a server's crash costs little time. */
export function writeProject(input: ProjectInput): Project {
  mkdirSync(input.folder, { recursive: true });
  const streams = tablesOf(input.mode).map((name) => ({
    name,
    namespace: "public",
    mode: input.mode,
    ...(input.mode.startsWith("incremental") ? { cursor: "v" } : {}),
  }));
  const document = {
    sources: { from: { ...connector(SOURCE, input.executables.source), config: input.source } },
    destinations: {
      to: { ...connector(input.place.kind, input.executables.destination), config: input.place.config },
    },
    connections: {
      [input.connection]: {
        source: "from",
        destination: "to",
        streams,
        limits: { backoffMinSeconds: 1, backoffMaxSeconds: 2 },
      },
    },
  };
  writeFileSync(join(input.folder, "weir.yaml"), stringify(document));
  return { folder: input.folder, connection: input.connection, env: input.env };
}

/** One sync, left alone to its end. */
export async function syncToEnd(project: Project): Promise<Ended> {
  const ended = await startWeir(["sync", "--json"], project.folder, project.env).ended;
  if (ended.code !== 0)
    throw new Error(`The sync did not succeed (exit ${ended.code}):\n${ended.output.slice(-3000)}`);
  return ended;
}

/** One sync killed after `delay` milliseconds; tells whether it was still running then. Nothing of it may live on. */
export async function syncKilled(project: Project, delay: number): Promise<boolean> {
  const { child, ended } = startWeir(["sync", "--json"], project.folder, project.env);
  const alive = await Promise.race([ended.then(() => false), sleep(delay, true)]);
  if (alive) child.kill("SIGKILL");
  await ended;
  for (let waited = 0; processesIn(project.folder).length > 0; waited += 100) {
    if (waited > SURVIVAL_MS)
      throw new Error(`Executables outlive the sync that was killed: ${project.folder}`);
    await sleep(100);
  }
  return alive;
}

/** One sync during which a server is killed and started again; the sync is to recover by itself. */
export async function syncWhileServerDies(
  project: Project,
  delay: number,
  crash: () => Promise<void>,
): Promise<boolean> {
  const { ended } = startWeir(["sync", "--json"], project.folder, project.env);
  const alive = await Promise.race([ended.then(() => false), sleep(delay, true)]);
  if (alive) await crash();
  const { code, output } = await ended;
  if (code !== 0)
    throw new Error(`The sync did not survive the server's crash (exit ${code}):\n${output.slice(-3000)}`);
  return alive;
}

/** One sync of which an executable is killed after `delay` milliseconds; the sync is to recover by itself. */
export async function syncWhileExecutableDies(
  project: Project,
  delay: number,
  command: "read" | "write",
): Promise<boolean> {
  const { ended } = startWeir(["sync", "--json"], project.folder, project.env);
  const alive = await Promise.race([ended.then(() => false), sleep(delay, true)]);
  const victims = alive ? processesIn(project.folder).filter((each) => each.command === command) : [];
  const killed = victims.filter(({ pid }) => kill(pid)).length;
  const { code, output } = await ended;
  if (code !== 0)
    throw new Error(
      `The sync did not survive the death of its ${command} (exit ${code}):\n${output.slice(-3000)}`,
    );
  return killed > 0;
}

/** False when the process had ended by itself since it was found. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function connector(id: string, isExecutable: boolean): object {
  if (!isExecutable) return { connector: id };
  return { command: [process.execPath, WEIR, "connector", id], env: ["WEIR_CONNECTION"] };
}

/** Executables that run in a trial's folder now. */
function processesIn(folder: string): readonly { readonly pid: number; readonly command: string }[] {
  return globSync("/proc/[0-9]*").flatMap((process) => {
    try {
      const words = readFileSync(`${process}/cmdline`, "utf8").split("\0");
      if (!words[0]?.endsWith("node") || words[2] !== "connector") return [];
      if (readlinkSync(`${process}/cwd`) !== folder) return [];
      return [{ pid: Number(process.slice("/proc/".length)), command: words[4] ?? "" }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** Number of the connection's last sync, as the destination holds it. */
export async function lastSync(project: Project): Promise<number> {
  const { output, code } = await startWeir(
    ["state", "show", project.connection, "--json"],
    project.folder,
    project.env,
  ).ended;
  const found = /"sync":\s*(\d+)/.exec(output)?.[1];
  if (code !== 0 || found === undefined)
    throw new Error(`weir state show failed (exit ${code}): ${output.slice(-2000)}`);
  return Number(found);
}
