import type { Failure, JsonValue } from "@weir/protocol";
import { failureOf, stringifyJson, WeirError } from "@weir/protocol";
import type { Command as Program } from "commander";
import { CommanderError } from "commander";
import type { Command, CommandContext, Outcome } from "./command.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { failureLines, maskFailure } from "./output/failure.ts";
import { Secrets } from "./output/secrets.ts";
import { styleFor } from "./output/style.ts";
import { buildProgram, type SharedOptions } from "./program.ts";
import { problemsOf } from "./project/problem.ts";

/**
 * Runs one command line (without the program's name) and returns its exit code. Never throws: what goes wrong is
 * printed, on stderr or in the envelope of `--json`.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const secrets = new Secrets();
  let code: number = exitCodes.done;

  const run = async <Options>(
    name: string,
    load: () => Promise<Command<Options>>,
    args: readonly string[],
    options: Options & SharedOptions,
  ): Promise<void> => {
    const context = contextFor(io, secrets, options);
    const finish = (outcome: Outcome): void => {
      code = outcome.code;
      if (options.json) writeEnvelope(io, secrets, name, outcome);
      else if (outcome.lines.length > 0) io.stdout.write(`${secrets.maskOwn(outcome.lines.join("\n"))}\n`);
    };
    try {
      const command = await load();
      finish(await command(context, args, options));
    } catch (error) {
      const failure = maskFailure(failureFor(error, io), secrets);
      code = exitCodeOf(failure);
      if (options.json) return finish({ code: exitCodeOf(failure), result: null, lines: [], failure });
      const style = styleFor(io.stderr, io.env);
      const problems = problemsOf(error);
      const verbose = options.verbose === true;
      const lines = problems.length > 0 ? problems : [failure];
      for (const each of lines) {
        const masked = maskFailure(each, secrets);
        io.stderr.write(`${failureLines(masked, style, { verbose }).join("\n")}\n`);
      }
      if (verbose && error instanceof Error && !(error instanceof WeirError)) {
        io.stderr.write(`${secrets.maskForeign(error.stack ?? "")}\n`);
      }
    }
  };

  const program = buildProgram(run, io);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version arrive here as well, with exit code 0.
    if (error.exitCode === 0) return exitCodes.done;
    const meant = commandMeant(program, argv);
    const alone = error.code === "commander.help";
    const name = ["weir", ...meant.path].join(" ");
    if (alone && !argv.includes("--json")) {
      io.stderr.write(meant.command.helpInformation());
      return exitCodes.usage;
    }
    const failure: Failure = {
      code: "usage.arguments",
      message: alone
        ? `"${name}" needs a command.`
        : error.message.replace(/^error: /, "").replace("\n", " "),
      next: `Run "${name} --help" for what is possible.`,
      recovery: "ask",
      origin: "config",
    };
    if (argv.includes("--json")) {
      writeEnvelope(io, secrets, argv.find((word) => !word.startsWith("-")) ?? "", {
        code: exitCodes.usage,
        result: null,
        lines: [],
        failure,
      });
    } else {
      io.stderr.write(`${failureLines(failure, styleFor(io.stderr, io.env)).join("\n")}\n`);
    }
    return exitCodes.usage;
  }
  return code;
}

/** The command that the words of a command line lead to. */
function commandMeant(
  program: Program,
  argv: readonly string[],
): { command: Program; path: readonly string[] } {
  let command = program;
  const path: string[] = [];
  for (const word of argv) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    path.push(word);
  }
  return { command, path };
}

function failureFor(error: unknown, io: Io): Failure {
  if (!(error instanceof WeirError) && io.signal.aborted) {
    return {
      code: "engine.cancelled",
      message: "Stopped before the end.",
      next: "Run the same command again to continue.",
      recovery: "ask",
      origin: "engine",
    };
  }
  return failureOf(error, "engine");
}

function contextFor(io: Io, secrets: Secrets, options: SharedOptions): CommandContext {
  const json = options.json === true;
  const style = styleFor(io.stderr, io.env);
  return {
    io,
    cwd: io.cwd ?? process.cwd(),
    file: options.file,
    json,
    verbose: options.verbose === true,
    secrets,
    style: json ? (_shade, text) => text : styleFor(io.stdout, io.env),
    noteStyle: style,
    note: (line) => {
      if (!json) io.stderr.write(`${secrets.maskOwn(line)}\n`);
    },
    log: (level, message, fields) => {
      if (options.verbose !== true) return;
      const extra = fields === undefined ? "" : ` ${stringifyJson(fields as { [key: string]: JsonValue })}`;
      io.stderr.write(`${style("dim", `${level}: ${secrets.maskForeign(message + extra)}`)}\n`);
    },
  };
}

/** One line: `{ok, command, result}` or `{ok: false, command, error}`, the latter with a result where there is one. */
function writeEnvelope(io: Io, secrets: Secrets, command: string, outcome: Outcome): void {
  const ok = outcome.code === exitCodes.done;
  const error = outcome.failure === undefined ? {} : { error: { ...maskFailure(outcome.failure, secrets) } };
  const result = !ok && outcome.result === null ? {} : { result: outcome.result };
  io.stdout.write(`${secrets.maskOwn(stringifyJson({ ok, command, ...result, ...error }))}\n`);
}
