import type { SyncRequest, SyncResult } from "@weir/engine";
import { sync } from "@weir/engine";
import type { Context, Failure, JsonObject } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import { displayFor } from "../display/display.ts";
import type { ConfiguredDestination, ConfiguredSource } from "../project/configure.ts";
import { configureDestination, configureSource } from "../project/configure.ts";
import { limitsOf } from "../project/connection.ts";
import type { PlacedFailure } from "../project/place.ts";
import { placed } from "../project/place.ts";
import type { ProjectConnection } from "../project/read.ts";
import type { Surroundings } from "../project/surroundings.ts";
import { openLogFile } from "../store/log-file.ts";
import { countRejected } from "../store/rejected-rows.ts";
import { WorkFolder } from "../store/work-folder.ts";
import type { Wishes } from "./streams.ts";
import { resolveStreams } from "./streams.ts";

export interface FinishedSync {
  readonly connection: string;
  /** Its failures carry their place in the project file. */
  readonly result: SyncResult;
  /** Path of the log. */
  readonly log: string;
  /** From the start of the engine to the first row on its way; nothing when no row moved. */
  readonly firstRowMs: number | undefined;
  /** The last attempt went on after another one, of this process or of one before it. */
  readonly resumed: boolean;
  /** Rows that lie in `folder` since earlier syncs. */
  readonly earlierRejects: { readonly rows: number; readonly folder: string };
}

/** A connection with both ends configured: what can be said without touching either. */
export interface PreparedSync {
  readonly connection: ProjectConnection;
  readonly source: ConfiguredSource;
  readonly destination: ConfiguredDestination;
  /** Holds the folder `.weir`. */
  readonly folder: string;
}

/** Throws what is wrong with the configuration. */
export async function prepareSync(
  around: Surroundings,
  connection: ProjectConnection,
): Promise<PreparedSync> {
  const source = await configureSource(connection.source, around);
  const destination = await configureDestination(connection.destination, around);
  around.secrets.addPublic(connection.name);
  return { connection, source, destination, folder: around.folder };
}

/** Syncs one connection with its display, log and local state. Throws only for what stops it before it begins. */
export async function runSync(
  context: CommandContext,
  prepared: PreparedSync,
  wishes: Wishes,
): Promise<FinishedSync> {
  const { io, secrets } = context;
  const { connection, source, destination } = prepared;
  for (const warning of [...source.warnings, ...destination.warnings]) context.note(`warning: ${warning}`);
  const folder = new WorkFolder(prepared.folder);
  const path = await folder.logFile(connection.name, io.clock.now());
  const file = openLogFile(path, {
    clock: io.clock,
    secrets,
    onFailure: (error) => context.note(`warning: the log ${path} cannot be written: ${error.message}`),
  });
  const log: SyncRequest["log"] = (level, message, fields) => {
    file.log(level, message, fields);
    context.log(level, message, fields);
  };
  context.note(`${connection.name}: ${source.endpoint.name} to ${destination.endpoint.name}`);
  const display = displayFor(context);
  try {
    const around: Context = { clock: io.clock, log, signal: io.signal };
    const asked = await resolveStreams(connection, source, wishes, around);
    const startedAt = performance.now();
    let firstRowMs: number | undefined;
    let resumed = false;
    const result = await sync({
      connection: asked.connection,
      source: asked.source,
      destination: { connector: destination.connector, config: destination.config },
      store: folder.store,
      deadLetters: folder.rejects(connection.name),
      clock: io.clock,
      random: Math.random,
      signal: io.signal,
      log,
      limits: limitsOf(connection.settings.limits),
      verify: connection.settings.verify ?? "none",
      refresh: asked.refresh.map((stream) => ({ stream, retain: wishes.retain })),
      clear: asked.clear,
      acceptSchema: wishes.acceptSchema,
      onEvent: (event) => {
        if (event.type === "progress" && event.rows > 0) firstRowMs ??= performance.now() - startedAt;
        if (event.type === "attempt-started") resumed = event.attempt > 1;
        if (event.type !== "progress") file.write("event", { ...event } as unknown as JsonObject);
        display.apply(event);
      },
    });
    file.write("result", { ...result } as unknown as JsonObject);
    const rejects = folder.rejects(connection.name);
    const known = new Set(result.streams.flatMap((stream) => stream.rejects));
    return {
      connection: connection.name,
      result: withPlaces(result, connection),
      log: path,
      firstRowMs,
      resumed,
      earlierRejects: { rows: await countRejected(rejects, known), folder: rejects },
    };
  } finally {
    display.stop();
    await file.close();
  }
}

function withPlaces(result: SyncResult, connection: ProjectConnection): SyncResult {
  const place = (failure: Failure | undefined): Failure | undefined =>
    failure === undefined ? undefined : placedFailure(failure, connection);
  return {
    ...result,
    failure: place(result.failure),
    streams: result.streams.map((stream) => ({ ...stream, failure: place(stream.failure) })),
  };
}

/** A sync's failure with the place in the project file that it comes from. */
export function placedFailure(
  failure: Failure,
  { source, destination, declared }: ProjectConnection,
): PlacedFailure {
  const { origin } = failure;
  const from =
    origin === "source" ? source.declared : origin === "destination" ? destination.declared : declared;
  return origin === "engine" ? failure : placed(failure, from);
}
