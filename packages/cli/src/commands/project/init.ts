import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import type { SyncMode } from "@weir/engine";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { configureDestination, configureSource } from "../../project/configure.ts";
import type { Kind } from "../../project/endpoint.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { endpointOf } from "../../project/flags.ts";
import { projectPath } from "../../project/read.ts";
import { usageError } from "../../project/usage.ts";
import { writeAtomic } from "../../store/atomic.ts";
import type { Completed } from "./complete.ts";
import { complete } from "./complete.ts";
import type { Draft, DraftEndpoint, Rendered } from "./draft.ts";
import { render } from "./draft.ts";
import { surroundingsOf } from "../../project/surroundings.ts";

export interface InitOptions extends EndpointOptions {
  readonly name?: string;
  readonly streams?: readonly string[];
  readonly mode?: SyncMode;
  readonly cursor?: string;
  readonly primaryKey?: readonly string[];
  readonly force?: boolean;
}

export const init: Command<InitOptions> = async (context, _args, options) => {
  const path = await projectPath(context);
  const shown = relative(context.cwd, path) || path;
  if (options.force !== true && (await exists(path))) {
    throw usageError(`${shown} exists already.`, "Edit it, or replace it with --force.", "usage.file_exists");
  }
  const { draft, unseen } = await draftOf(context, options, path);
  const schema = fileURLToPath(import.meta.resolve("../../../weir.schema.json"));
  const rendered = render(draft, relative(dirname(path), schema).split(sep).join("/"));
  const written = await writeFiles(path, rendered);
  return {
    code: exitCodes.done,
    result: { files: written.map((file) => relative(context.cwd, file)), variables: [...rendered.variables] },
    lines: [
      `Written: ${written.map((file) => relative(context.cwd, file)).join(", ")}.`,
      ...missingLines(context, rendered),
      ...(unseen === undefined
        ? []
        : [
            `The source could not be asked for cursors and keys yet: ${unseen} "weir check" will say what is missing.`,
          ]),
      `Next: "weir check" tests both ends, "weir sync" moves the data.`,
    ],
  };
};

/** From options where they are given; by questions on a terminal; never a mixture that waits for an answer in a script. */
async function draftOf(context: CommandContext, options: InitOptions, path: string): Promise<Completed> {
  const { io, json } = context;
  const asked = options.source !== undefined || options.destination !== undefined;
  const terminal = !json && io.stdin.isTTY === true && io.stdout.isTTY === true;
  if (!asked && terminal) {
    return (await import("./questions.ts")).askForDraft(context, path);
  }
  const source = await given("source", options, context);
  const destination = await given("destination", options, context);
  const draft: Draft = {
    connection: options.name ?? `${source.name}-to-${destination.name}`,
    source,
    destination:
      source.name === destination.name ? { ...destination, name: `${destination.name}-copy` } : destination,
    streams: options.streams === undefined || options.streams[0] === "all" ? "all" : options.streams,
    mode: options.mode,
    cursor: options.cursor,
    primaryKey: options.primaryKey,
  };
  const choose = terminal ? (await import("./questions.ts")).chooser(context) : undefined;
  return complete(context, draft, path, choose);
}

async function given(kind: Kind, options: InitOptions, context: CommandContext): Promise<DraftEndpoint> {
  const endpoint = await endpointOf(kind, options);
  if (endpoint === undefined) {
    throw usageError(
      `--${kind} is missing.`,
      `Give --source and --destination, or run "weir init" on a terminal to be asked.`,
    );
  }
  const variables = new Proxy(context.io.env, { get: (env, name) => Reflect.get(env, name) ?? "" });
  const around = surroundingsOf(context, { env: variables, folder: context.cwd });
  const { connector } =
    kind === "source"
      ? await configureSource(endpoint, around)
      : await configureDestination(endpoint, around);
  return {
    kind,
    name: endpoint.connector.replace(/^(source|destination)-/, ""),
    connector: endpoint.connector,
    config: endpoint.config,
    schema: connector.spec.connectionSpecification,
  };
}

async function writeFiles(path: string, { yaml, variables, values }: Rendered): Promise<readonly string[]> {
  const folder = dirname(path);
  const written = [path];
  await writeAtomic(path, yaml);
  if (variables.length > 0) {
    const example = join(folder, ".env.example");
    await addLines(example, variables, (name) => `${name}=`);
    written.push(example);
  }
  if (Object.keys(values).length > 0) {
    const env = join(folder, ".env");
    await addLines(env, Object.keys(values), (name) => `${name}=${quoted(values[name] ?? "")}`);
    written.push(env);
  }
  if (await ignore(join(folder, ".gitignore"), [".env", ".weir/"])) written.push(join(folder, ".gitignore"));
  return written;
}

/** Adds the variables that a file of variables does not have yet; what a person wrote there stays. */
async function addLines(
  path: string,
  names: readonly string[],
  line: (name: string) => string,
): Promise<void> {
  const text = await readIfThere(path);
  const known = parseEnv(text);
  const fresh = names.filter((name) => known[name] === undefined).map(line);
  if (fresh.length === 0) return;
  const start = text === "" || text.endsWith("\n") ? "" : "\n";
  await appendFile(path, `${start}${fresh.join("\n")}\n`, { mode: 0o600 });
}

/** A value as node:util's parseEnv reads it back. */
function quoted(value: string): string {
  const quote = ["'", '"', "`"].find((each) => !value.includes(each)) ?? "'";
  return /^[\w./:@+-]*$/.test(value) ? value : `${quote}${value}${quote}`;
}

async function ignore(path: string, names: readonly string[]): Promise<boolean> {
  const text = await readIfThere(path);
  const known = new Set(text.split(/\r?\n/));
  const fresh = names.filter((name) => !known.has(name));
  if (fresh.length === 0) return false;
  const start = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  await writeFile(path, `${start}${fresh.join("\n")}\n`);
  return true;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function missingLines(context: CommandContext, { variables, values }: Rendered): readonly string[] {
  const missing = variables.filter(
    (name) => values[name] === undefined && context.io.env[name] === undefined,
  );
  return missing.length === 0 ? [] : [`Set before the first run: ${missing.join(", ")}.`];
}
