import type { Connection, SyncRequest, SyncResult } from "@weir/engine";
import { sync } from "@weir/engine";
import type { Context, Failure, JsonObject, SourceConnector, Stream } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import { displayFor } from "../display/display.ts";
import { connectionOf, limitsOf, parseStreamKey, withDefaults } from "../project/connection.ts";
import type { ConfiguredSource } from "../project/configure.ts";
import { configureDestination, configureSource } from "../project/configure.ts";
import type { DeclaredConnection } from "../project/declared.ts";
import { placed } from "../project/place.ts";
import type { ProjectConnection } from "../project/read.ts";
import { suggestion } from "../project/suggest.ts";
import type { Target } from "../project/target.ts";
import { usageError } from "../project/usage.ts";
import { openLogFile } from "../store/log-file.ts";
import { WorkFolder } from "../store/work-folder.ts";

/** What is asked of this sync alone. "all" stands for every stream. */
export interface Wishes {
  readonly refresh: readonly string[];
  readonly retain: boolean;
  readonly clear: readonly string[];
  readonly acceptSchema: boolean;
}

export interface FinishedSync {
  readonly connection: string;
  /** Its failures carry their place in the project file. */
  readonly result: SyncResult;
  /** Path of the log. */
  readonly log: string;
  /** From the start of the engine to the first row on its way; nothing when no row moved. */
  readonly firstRowMs: number | undefined;
}

/** Syncs one connection with its display, log and local state. Throws only for what is wrong before it begins. */
export async function runSync(
  context: CommandContext,
  target: Target,
  connection: ProjectConnection,
  wishes: Wishes,
): Promise<FinishedSync> {
  const { io, secrets } = context;
  const source = await configureSource(connection.source, target.around);
  const destination = await configureDestination(connection.destination, target.around);
  for (const warning of [...source.warnings, ...destination.warnings]) context.note(`warning: ${warning}`);
  secrets.addPublic(connection.name);
  const folder = new WorkFolder(target.around.folder);
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
        if (event.type !== "progress") file.write("event", { ...event } as unknown as JsonObject);
        display.apply(event);
      },
    });
    file.write("result", { ...result } as unknown as JsonObject);
    return { connection: connection.name, result: withPlaces(result, connection), log: path, firstRowMs };
  } finally {
    display.stop();
    await file.close();
  }
}

function withPlaces(result: SyncResult, connection: ProjectConnection): SyncResult {
  const { source, destination, declared } = connection;
  const place = (failure: Failure): Failure => {
    const { origin } = failure;
    const from =
      origin === "source" ? source.declared : origin === "destination" ? destination.declared : declared;
    return origin === "engine" ? failure : placed(failure, from);
  };
  return {
    ...result,
    failure: result.failure === undefined ? undefined : place(result.failure),
    streams: result.streams.map((stream) => ({
      ...stream,
      failure: stream.failure === undefined ? undefined : place(stream.failure),
    })),
  };
}

interface Asked {
  readonly connection: Connection;
  readonly source: { readonly connector: SourceConnector; readonly config: JsonObject };
  readonly refresh: readonly string[];
  readonly clear: readonly string[];
}

/**
 * What the engine is to do. The source's streams are looked up first where settings hold for each of "all" streams, and
 * where streams are named that must exist.
 */
async function resolveStreams(
  { name, settings }: ProjectConnection,
  { connector, config }: ConfiguredSource,
  wishes: Wishes,
  around: Context,
): Promise<Asked> {
  const connection = connectionOf(name, settings);
  const refresh = wishes.refresh.map(forEngine);
  const clear = wishes.clear.map(forEngine);
  const spread = connection.streams === "all" && hasDefaults(settings);
  const named = [...refresh, ...clear].filter((each) => each !== EVERY_STREAM);
  if (!spread && named.length === 0) return { connection, source: { connector, config }, refresh, clear };
  const catalog = await connector.discover(config, around);
  refuseUnknown(named, catalog.streams, settings);
  const streams = spread
    ? catalog.streams.map((stream) => ({
        name: stream.name,
        ...(stream.namespace === undefined ? {} : { namespace: stream.namespace }),
        ...withDefaults(settings),
      }))
    : connection.streams;
  return {
    connection: { ...connection, streams },
    source: { connector: { ...connector, discover: onceThen(catalog, connector) }, config },
    refresh,
    clear,
  };
}

/** The engine's word for all streams of a connection. */
const EVERY_STREAM = "*";

function forEngine(name: string): string {
  return name === "all" ? EVERY_STREAM : name;
}

/** A mistyped name would refresh nothing, and nobody would notice. */
function refuseUnknown(
  names: readonly string[],
  streams: readonly Stream[],
  { streams: selected }: DeclaredConnection,
): void {
  const chosen =
    selected === undefined || selected === "all"
      ? undefined
      : new Set(selected.map((each) => (typeof each === "string" ? parseStreamKey(each).name : each.name)));
  const known = streams.filter((stream) => chosen?.has(stream.name) ?? true);
  const unknown = names.find(
    (name) => !known.some((stream) => stream.name === name || streamKey(stream) === name),
  );
  if (unknown === undefined) return;
  throw usageError(
    `The connection moves no stream "${unknown}".`,
    suggestion(unknown, known.map(streamKey), "streams"),
    "usage.stream_unknown",
  );
}

function hasDefaults(settings: DeclaredConnection): boolean {
  return Object.keys(withDefaults(settings)).length > 0;
}

/** The engine's first look at the source is the one just taken; a later attempt looks anew. */
function onceThen(
  catalog: Awaited<ReturnType<SourceConnector["discover"]>>,
  connector: SourceConnector,
): SourceConnector["discover"] {
  let fresh: typeof catalog | undefined = catalog;
  return async (config, context) => {
    const known = fresh;
    fresh = undefined;
    return known ?? connector.discover(config, context);
  };
}
