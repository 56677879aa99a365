import type { SchemaPolicy, SyncMode, Verification } from "@weir/engine";
import type { JsonValue } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Command, CommandContext, Outcome } from "../../command.ts";
import { exitCodeOf, exitCodes } from "../../exit-code.ts";
import { failureLines, maskFailure } from "../../output/failure.ts";
import type { DeclaredConnection } from "../../project/declared.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import type { PlacedFailure } from "../../project/place.ts";
import { optionsTarget, projectTarget } from "../../project/target.ts";
import { usageError } from "../../project/usage.ts";
import { reportLines } from "../../sync/report.ts";
import type { FinishedSync, PreparedSync } from "../../sync/run.ts";
import { prepareSync, runSync } from "../../sync/run.ts";
import type { Wishes } from "../../sync/streams.ts";

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
  const prepared: PreparedSync[] = [];
  // Everything that can be wrong in a configuration is said before the first row moves.
  for (const connection of target.connections) prepared.push(await prepareSync(target.around, connection));
  const wishes: Wishes = {
    refresh: options.refresh ?? [],
    retain: options.retain === true,
    clear: options.clear ?? [],
    acceptSchema: options.acceptSchema === true,
  };
  const [only, second] = prepared;
  if (only !== undefined && second === undefined) {
    return outcomeOf(context, [await runSync(context, only, wishes)]);
  }
  const ended: Ended[] = [];
  for (const each of prepared) {
    ended.push(await runOrTell(context, each, wishes));
    if (context.io.signal.aborted) break;
  }
  return outcomeOf(context, ended);
};

/** A sync that something stopped before it began, while others have run. */
interface Unbegun {
  readonly connection: string;
  readonly failure: PlacedFailure;
}

type Ended = FinishedSync | Unbegun;

async function runOrTell(context: CommandContext, prepared: PreparedSync, wishes: Wishes): Promise<Ended> {
  try {
    return await runSync(context, prepared, wishes);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { connection: prepared.connection.name, failure: maskFailure(error.failure, context.secrets) };
  }
}

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
function outcomeOf(context: CommandContext, ended: readonly Ended[]): Outcome {
  const failed = ended.find((each) => !("result" in each) || each.result.status !== "succeeded");
  const failure = failed === undefined || "failure" in failed ? failed?.failure : failed.result.failure;
  const code = failure === undefined ? exitCodes.failed : exitCodeOf(failure);
  return {
    code: failed === undefined ? exitCodes.done : code,
    result: { syncs: ended.map(resultOf) } as unknown as JsonValue,
    lines: ended.flatMap((each, index) => [...(index > 0 ? [""] : []), ...linesOf(each, context)]),
    failure,
  };
}

function resultOf(ended: Ended): object {
  if (!("result" in ended)) return { connection: ended.connection, status: "failed", failure: ended.failure };
  const { connection, result, earlierRejects, log } = ended;
  return { connection, ...result, earlierRejects, log };
}

function linesOf(ended: Ended, context: CommandContext): readonly string[] {
  if ("result" in ended) return reportLines(ended, context);
  return [
    ...failureLines(ended.failure, context.style),
    `${context.style("red", `${ended.connection} failed`)} before it began`,
  ];
}
