import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, JsonObject, JsonValue, SourceState } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";

export interface CommandFolder {
  /** The command with the files it is given: `read --config … --catalog … --state …`. */
  readonly args: readonly string[];
  /** Never throws. */
  remove(): Promise<void>;
}

const PREFIX = "weir-command-";
/** Folders of processes that were killed are removed when they are this old. */
const LEFTOVER_MS = 3_600_000;

/** What a command reads, in files and a folder that only this user may read. */
export async function commandFolder(command: Command): Promise<CommandFolder> {
  if (command.name === "spec") return { args: ["spec"], remove: async () => undefined };
  // Once is enough for a process, and a folder for temporary files may hold very many.
  leftovers ??= removeLeftovers();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  try {
    const args: string[] = [command.name];
    for (const [name, value] of filesOf(command)) {
      const path = join(folder, `${name}.json`);
      await writeFile(path, stringifyJson(value), { mode: 0o600 });
      args.push(`--${name}`, path);
    }
    return { args, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function filesOf(
  command: Exclude<Command, { readonly name: "spec" }>,
): readonly (readonly [string, JsonValue])[] {
  const config = ["config", command.config] as const;
  if (command.name === "check" || command.name === "discover") return [config];
  const catalog = ["catalog", command.catalog as unknown as JsonObject] as const;
  if (command.name === "write" || command.state.length === 0) return [config, catalog];
  return [config, catalog, ["state", stateFile(command.state)]];
}

/** As Airbyte's platform writes it: a list of states, or the bare data of a LEGACY one. */
function stateFile(states: readonly SourceState[]): JsonValue {
  const [only] = states;
  if (only?.type === "LEGACY") return only.data;
  return states.map((state): JsonObject => {
    if (state.type === "GLOBAL") {
      const stream_states = state.streams.map(streamState);
      return { type: "GLOBAL", global: { shared_state: state.shared, stream_states } };
    }
    if (state.type === "STREAM") return { type: "STREAM", stream: streamState(state) };
    return { type: "LEGACY", data: state.data };
  });
}

function streamState(stream: {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly state: JsonValue;
}): JsonObject {
  const { name, namespace, state } = stream;
  return {
    stream_descriptor: namespace === undefined ? { name } : { name, namespace },
    stream_state: state,
  };
}

let leftovers: Promise<void> | undefined;
const COMMAND_FOLDER = new RegExp(`^${PREFIX}(\\d+)-`);

/** They hold secrets, and nobody else removes them. */
async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = COMMAND_FOLDER.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(tmpdir(), name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || found.uid !== process.getuid?.()) continue;
    if (Date.now() - found.mtimeMs > LEFTOVER_MS)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
