import type { SchemaPolicy, SyncMode, Verification } from "@weir/engine";
import type { JsonValue } from "@weir/protocol";
import type { Command, CommandContext, Outcome } from "../../command.ts";
import { exitCodeOf, exitCodes } from "../../exit-code.ts";
import type { DeclaredConnection } from "../../project/declared.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { optionsTarget, projectTarget } from "../../project/target.ts";
import { usageError } from "../../project/usage.ts";
import { runSync } from "../../sync/run.ts";
import type { FinishedSync } from "../../sync/run.ts";
import { reportLines } from "../../sync/report.ts";

export interface SyncOptions extends EndpointOptions {
  readonly name?: string;
  readonly streams?: readonly string[];
  readonly mode?: SyncMode;
  readonly cursor?: string;
  readonly primaryKey?: readonly string[];
  readonly namespace?: string;
  readonly prefix?: string;
  readonly schemaChanges?: SchemaPolicy;
  readonly nativeTypes?: boolean;
  readonly maxRejects?: number;
  readonly acceptSchema?: boolean;
  readonly refresh?: readonly string[];
  readonly retain?: boolean;
  readonly clear?: readonly string[];
  readonly verify?: Verification;
}

export const sync: Command<SyncOptions> = async (context, names, options) => {
  const target = await targetOf(context, names, options);
  const finished: FinishedSync[] = [];
  for (const connection of target.connections) {
    finished.push(
      await runSync(context, target, connection, {
        refresh: options.refresh ?? [],
        retain: options.retain === true,
        clear: options.clear ?? [],
        acceptSchema: options.acceptSchema === true,
      }),
    );
    if (context.io.signal.aborted) break;
  }
  return outcomeOf(context, finished);
};

function targetOf(context: CommandContext, names: readonly string[], options: SyncOptions) {
  if (options.retain === true && options.refresh === undefined) {
    throw usageError("--retain was given without --refresh.", "Add --refresh <streams>.");
  }
  const settings = settingsOf(options);
  const fromOptions =
    options.source !== undefined ||
    options.destination !== undefined ||
    options.sourceConfig !== undefined ||
    options.destinationConfig !== undefined;
  if (!fromOptions) {
    if (options.name !== undefined) {
      throw usageError(
        "--name was given without --source and --destination.",
        `Write "weir sync ${options.name}".`,
      );
    }
    return projectTarget(context, names, settings);
  }
  if (names.length > 0) {
    throw usageError(
      "A connection of the project file and one given by options cannot be synced together.",
      "Leave out the name, or the options --source and --destination.",
    );
  }
  return optionsTarget(context, options, settings);
}

function settingsOf(options: SyncOptions): DeclaredConnection {
  const {
    streams,
    mode,
    cursor,
    primaryKey,
    namespace,
    prefix,
    schemaChanges,
    nativeTypes,
    maxRejects,
    verify,
  } = options;
  return {
    ...(streams === undefined
      ? {}
      : { streams: streams.length === 1 && streams[0] === "all" ? "all" : streams }),
    ...(mode === undefined ? {} : { mode }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(primaryKey === undefined ? {} : { primaryKey }),
    ...(namespace === undefined ? {} : { namespace: namespaceOf(namespace) }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(schemaChanges === undefined ? {} : { schemaChanges }),
    ...(nativeTypes === undefined ? {} : { nativeTypes }),
    ...(maxRejects === undefined ? {} : { rejects: { max: maxRejects } }),
    ...(verify === undefined ? {} : { verify }),
  };
}

function namespaceOf(text: string): NonNullable<DeclaredConnection["namespace"]> {
  return text === "destination" || text === "source" ? text : { format: text };
}

/** All syncs must have succeeded; the first failure is the command's. */
function outcomeOf(context: CommandContext, finished: readonly FinishedSync[]): Outcome {
  const failed = finished.find(({ result }) => result.status !== "succeeded");
  const failure = failed?.result.failure;
  return {
    code:
      failed === undefined ? exitCodes.done : failure === undefined ? exitCodes.failed : exitCodeOf(failure),
    result: {
      syncs: finished.map(({ connection, log, result }) => ({ connection, ...result, log })),
    } as unknown as JsonValue,
    lines: finished.flatMap((each, index) => [...(index > 0 ? [""] : []), ...reportLines(each, context)]),
    failure,
  };
}
