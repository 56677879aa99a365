import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { connectors } from "@weir/connectors";
import { messageBatches, messageLine, parseStates } from "@weir/kit/executable";
import type {
  Command as Task,
  Context,
  DestinationConnector,
  JsonObject,
  Parsed,
  SourceConnector,
} from "@weir/protocol";
import { isObject, parseConfiguredCatalog, parseJson, WeirError } from "@weir/protocol";
import type { Command, CommandContext } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { isManifestPath, loadManifestFile } from "../../project/manifest.ts";
import { suggestion } from "../../project/suggest.ts";
import { usageError } from "../../project/usage.ts";
import { inputMessages } from "./input.ts";
import { failureLine, write } from "./output.ts";

export interface RunOptions {
  readonly config?: string;
  readonly catalog?: string;
  readonly state?: string;
}

const COMMANDS = ["spec", "check", "discover", "read", "write"] as const;

/** A connector as an executable of the Airbyte protocol: nothing but messages on stdout, exit code 1 for a failure. */
export const runConnector: Command<RunOptions> = async (context, [id = "", name = ""], options) => {
  const load = loaderOf(id, context);
  const command = COMMANDS.find((each) => each === name);
  if (command === undefined) {
    throw usageError(
      `"${name}" is no command of a connector.`,
      `Give one of ${COMMANDS.join(", ")}.`,
      "usage.connector_command",
    );
  }
  const { io } = context;
  const asked: Context = { clock: io.clock, log: () => undefined, signal: io.signal };
  const connection = io.env["WEIR_CONNECTION"];
  let task: Task;
  let connector: SourceConnector | DestinationConnector;
  try {
    task = await taskOf(command, options, context);
    connector = await load();
  } catch (error) {
    await write(io.stdout, failureLine(error, io.clock));
    return failed;
  }
  try {
    for await (const batch of messageBatches(connector, task, asked, connection ? { connection } : {})) {
      const text = batch.map((message) => `${messageLine(message)}\n`).join("");
      await write(io.stdout, text);
    }
  } catch {
    // The last message has said why, unless this process was told to stop.
    if (io.signal.aborted) await write(io.stdout, failureLine(stopped(), io.clock));
    return failed;
  }
  return { code: exitCodes.done, result: null, lines: [] };
};

function loaderOf(
  id: string,
  { cwd }: CommandContext,
): () => Promise<SourceConnector | DestinationConnector> {
  if (isManifestPath(id)) return () => loadManifestFile(resolve(cwd, id));
  const row = connectors.find((each) => each.id === id);
  if (row !== undefined) return () => row.load();
  const ids = connectors.map((each) => each.id);
  throw usageError(
    `There is no connector "${id}".`,
    suggestion(id, ids, "connectors"),
    "usage.connector_unknown",
  );
}

const failed = { code: exitCodes.failed, result: null, lines: [] } as const;

async function taskOf(
  name: (typeof COMMANDS)[number],
  options: RunOptions,
  context: CommandContext,
): Promise<Task> {
  if (name === "spec") return { name };
  const config = await configOf(options, context);
  if (name === "check" || name === "discover") return { name, config };
  const catalog = checked(
    "catalog",
    parseConfiguredCatalog(await contentOf("catalog", options.catalog, context)),
  );
  if (name === "write") return { name, config, catalog, messages: inputMessages(context.io.stdin) };
  const text = options.state === undefined ? "" : await contentOf("state", options.state, context);
  return { name, config, catalog, state: parseStates(text) };
}

async function configOf(options: RunOptions, context: CommandContext): Promise<JsonObject> {
  const text = await contentOf("config", options.config, context);
  try {
    const value = parseJson(text);
    if (isObject(value)) return value;
  } catch {
    // The parser quotes the text, which holds secrets.
  }
  throw unreadable("config", "it is not a JSON object");
}

async function contentOf(option: string, path: string | undefined, { cwd }: CommandContext): Promise<string> {
  if (path === undefined) throw unreadable(option, `the option --${option} is missing`);
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    throw unreadable(option, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

function checked<T>(option: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  const { path, message } = parsed.problem;
  throw unreadable(option, path === "" ? message : `${path}: ${message}`);
}

function unreadable(option: string, why: string): WeirError {
  return new WeirError({
    code: `config.${option}_unreadable`,
    message: `There is no usable ${option}: ${why}.`,
    next: `Give the path of a JSON file with --${option}.`,
    recovery: "ask",
    origin: "config",
    path: option,
  });
}

function stopped(): WeirError {
  return new WeirError({
    code: "connector.stopped",
    message: "Stopped before the end.",
    next: "Run again from the last state.",
    recovery: "retry",
    origin: "engine",
  });
}
