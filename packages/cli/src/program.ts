import type { SchemaPolicy, SyncMode } from "@weir/engine";
import { InvalidArgumentError, Option, Command as Program } from "commander";
import manifest from "../package.json" with { type: "json" };
import type { Command } from "./command.ts";
import type { Io } from "./io.ts";

/** Options every command has. */
export interface SharedOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly file?: string;
}

export type Run = <Options>(
  name: string,
  load: () => Promise<Command<Options>>,
  args: readonly string[],
  options: Options & SharedOptions,
) => Promise<void>;

/** The grammar of the command line. The code of a command is loaded when it runs, so that the others cost nothing. */
export function buildProgram(run: Run, io: Io): Program {
  const program = new Program("weir")
    .description("Moves data from a source to a destination, exactly, and says what it did.")
    .version(manifest.version, "-V, --version")
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // Errors of the command line are reported by main, in one form with all others.
      writeErr: () => undefined,
      getOutHelpWidth: () => io.stdout.columns || 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();

  const command = <Options>(
    parent: Program,
    usage: string,
    about: string,
    load: () => Promise<Command<Options>>,
  ) => {
    const made = parent.command(usage).description(about);
    const name = parent === program ? made.name() : `${parent.name()} ${made.name()}`;
    return made
      .option("--json", "print one JSON object: {ok, command, result | error}")
      .option("--verbose", "log to stderr what happens")
      .action((...given: unknown[]) => {
        const args = given
          .slice(0, -2)
          .flat()
          .filter((each): each is string => typeof each === "string");
        return run(name, load, args, made.opts<Options & SharedOptions>());
      });
  };

  withPair(
    command(
      program,
      "sync [connection...]",
      "move data: the connections of weir.yaml, all or those named, or one given by options",
      async () => (await import("./commands/connection/sync.ts")).sync,
    ),
  )
    .option("--name <name>", "name of a connection given by options; its checkpoints are kept under it")
    .option("--streams <names>", "comma-separated streams to move", list)
    .addOption(new Option("--mode <mode>", "how the streams are moved").choices(modes))
    .option("--cursor <field>", "field that tells new rows, for incremental modes")
    .option("--primary-key <fields>", "comma-separated fields of the key, for deduped modes", list)
    .option("--namespace <rule>", "destination, source, or a text with ${SOURCE_NAMESPACE}")
    .option("--prefix <text>", "put before every table's name")
    .addOption(new Option("--schema-changes <policy>", "what to do about changed streams").choices(policies))
    .option("--native-types", "keep the source's own column types where the destination has them")
    .option("--max-rejects <rows>", "rows that may be refused before the sync counts as failed", wholeNumber)
    .option("--accept-schema", "approve the schema found now, for connections that stop at changes")
    .option("--refresh <streams>", 'read again from the beginning: comma-separated streams, or "all"', list)
    .option("--retain", "with --refresh: keep the rows of earlier generations")
    .option("--clear <streams>", 'remove rows and checkpoints: comma-separated streams, or "all"', list)
    .addOption(
      new Option("--verify <how>", "compare the destination with the source at the end").choices([
        "count",
        "checksum",
      ]),
    );

  withPair(
    command(
      program,
      "check [name...]",
      "test the sources and destinations of weir.yaml, or those given by options",
      async () => (await import("./commands/connection/check.ts")).check,
    ),
  );

  withSource(
    command(
      program,
      "discover [source]",
      "list the streams of a source",
      async () => (await import("./commands/source/discover.ts")).discover,
    ),
  ).option("--stream <name>", "show the fields of one stream");

  withSource(
    command(
      program,
      "preview [source] [stream]",
      "show the first rows of a stream",
      async () => (await import("./commands/source/preview.ts")).preview,
    ),
  )
    .option("--stream <name>", "the stream, for a source given by options")
    .option("--rows <count>", "rows to show", wholeNumber, 10);

  withPair(
    command(
      program,
      "init",
      "write a weir.yaml: asks on a terminal, asks nothing with options",
      async () => (await import("./commands/project/init.ts")).init,
    ),
  )
    .option("--name <name>", "name of the connection")
    .option("--streams <names>", "comma-separated streams to move", list)
    .addOption(new Option("--mode <mode>", "how the streams are moved").choices(modes))
    .option("--cursor <field>", "field that tells new rows, where the source defines none")
    .option(
      "--primary-key <fields>",
      "comma-separated fields of the key, where the source defines none",
      list,
    )
    .option("--force", "replace an existing weir.yaml");

  const state = program.command("state").description("what is known of a connection's progress");
  withStateOf(
    command(
      state,
      "show <connection>",
      "show the checkpoints that the destination holds",
      async () => (await import("./commands/state/show.ts")).showCheckpoints,
    ),
  );
  withStateOf(
    command(
      state,
      "reset <connection>",
      "forget checkpoints, so that the next sync reads from the beginning",
      async () => (await import("./commands/state/reset.ts")).resetCheckpoints,
    ),
  ).option("--streams <names>", "comma-separated streams; all by default", list);

  const connector = program.command("connector").description("the connectors Weir has");
  command(
    connector,
    "list",
    "list them",
    async () => (await import("./commands/connector/list.ts")).listConnectors,
  );
  command(
    connector,
    "show <id>",
    "show one with its configuration",
    async () => (await import("./commands/connector/show.ts")).showConnector,
  );
  // Without the options of the other commands: its stdout belongs to the protocol. `run` need not be written.
  connector
    .command("run <id> <command>", { isDefault: true })
    .usage("<id | manifest.yaml> spec|check|discover|read|write [options]")
    .description("speak the Airbyte protocol on stdin and stdout, as: weir connector <id> <command>")
    .option("--config <file>", "the connector's configuration, as JSON")
    .option("--catalog <file>", "the configured catalog, for read and write")
    .option("--state <file>", "the states to go on from, for read")
    .action((id: string, name: string, options: object) =>
      run(
        "connector run",
        async () => (await import("./commands/connector/run.ts")).runConnector,
        [id, name],
        options,
      ),
    );

  command(
    program,
    "demo",
    "fill a small shop database and sync it to a DuckDB file, twice",
    async () => (await import("./commands/demo/run.ts")).runDemo,
  )
    .option("--folder <path>", "where the demo keeps its files", "weir-demo")
    .option("--users <count>", "size of the shop", wholeNumber, 20_000);

  return program;
}

function withFile(command: Program): Program {
  return command.option("-f, --file <path>", "the project file (default: weir.yaml)");
}

function withSource(command: Program): Program {
  return withFile(command)
    .option(
      "--source <connector>",
      "a connector's id, or a URL such as postgres://user:${PASSWORD}@host/database",
    )
    .option(
      "--source-config <key=value>",
      "a setting of it; repeat for more, or give one JSON object",
      collect,
    );
}

function withPair(command: Program): Program {
  return withDestination(withSource(command));
}

function withStateOf(command: Program): Program {
  return withDestination(withFile(command));
}

function withDestination(command: Program): Program {
  return command
    .option("--destination <connector>", "a connector's id, or a URL")
    .option(
      "--destination-config <key=value>",
      "a setting of it; repeat for more, or give one JSON object",
      collect,
    );
}

const modes = [
  "full_refresh_append",
  "full_refresh_overwrite",
  "full_refresh_overwrite_deduped",
  "incremental_append",
  "incremental_append_deduped",
] as const satisfies readonly SyncMode[];

const policies = [
  "propagate_columns",
  "propagate_fully",
  "ignore",
  "disable",
] as const satisfies readonly SchemaPolicy[];

function list(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("A name between the commas is empty.");
  return names;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}
