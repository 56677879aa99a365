import { stat } from "node:fs/promises";
import { devNull } from "node:os";
import type { SyncRequest } from "@weir/engine";
import { sync } from "@weir/engine";
import type { Context, DestinationConnector, DestinationSession, Failure, WriteMode } from "@weir/protocol";
import { modeUnsupported, WeirError } from "@weir/protocol";
import type { CommandContext } from "../command.ts";
import { isPath, mapTexts } from "../project/config-walk.ts";
import type { ConfiguredDestination } from "../project/configure.ts";
import type { PlacedFailure } from "../project/place.ts";
import { WorkFolder } from "../store/work-folder.ts";
import type { PreparedSync } from "./run.ts";
import { placedFailure } from "./run.ts";
import { resolveStreams } from "./streams.ts";

const STOPPED = "cli.rehearsed";

export interface Rehearsed {
  /** What a sync would be refused for. */
  readonly failures: readonly PlacedFailure[];
  /** Where each stream would be written, as the destination names it. */
  readonly tables: readonly { readonly stream: string; readonly table: string }[];
}

/**
 * Runs a sync up to the moment where the destination would make its tables, and returns all it would be refused for:
 * the rules of `weir sync` are the engine's, and there are no others. Nothing is written, no row is read and no fence is
 * taken, so that a sync of the same connection goes on undisturbed.
 */
export async function rehearse(context: CommandContext, prepared: PreparedSync): Promise<Rehearsed> {
  const { io, log } = context;
  const { connection, source, destination } = prepared;
  const connector = (await isThere(destination)) ? destination.connector : blank(destination.connector);
  const around: Context = { clock: io.clock, log, signal: io.signal };
  const wishes = { refresh: [], retain: false, clear: [], acceptSchema: false };
  const asked = await resolveStreams(connection, source, wishes, around);
  const { store } = new WorkFolder(prepared.folder);
  const request: SyncRequest = {
    connection: asked.connection,
    source: asked.source,
    destination: { connector: rehearsing(connector), config: destination.config },
    store: { read: (name) => store.read(name), write: async () => undefined },
    // Where there can be no file to tidy up.
    deadLetters: devNull,
    clock: io.clock,
    random: Math.random,
    signal: io.signal,
    log,
    limits: { completeFailures: 1, partialFailures: 1 },
  };
  const { failure, streams } = await sync(request);
  io.signal.throwIfAborted();
  const ofStreams = streams.flatMap((stream) => refusalOf(stream.failure));
  // The sum of what is said of streams says nothing more.
  const ofSync = refusalOf(failure).filter((each) => ofStreams.length === 0 || each.origin !== "engine");
  const all = [...ofSync, ...ofStreams];
  const failures = all
    .filter(
      (each, at) => all.findIndex(({ code, stream }) => code === each.code && stream === each.stream) === at,
    )
    .map((each) => placedFailure(each, connection));
  return { failures, tables: streams.map(({ stream, table }) => ({ stream, table })) };
}

function refusalOf(failure: Failure | undefined): readonly Failure[] {
  return failure === undefined || failure.code === STOPPED ? [] : [failure];
}

function rehearsing(connector: DestinationConnector): DestinationConnector {
  return { ...connector, open: async (request) => rehearsalOf(await connector.open(request)) };
}

/** Answers what is asked of the real session, and does nothing that would change anything there. */
function rehearsalOf(session: DestinationSession): DestinationSession {
  const { capabilities } = session;
  let fenced = false;
  return {
    capabilities,
    held: () => session.held(),
    ...(session.missing === undefined
      ? {}
      : { missing: (streams) => session.missing?.(streams) ?? Promise.resolve([]) }),
    begin: async ({ streams }) => {
      if (fenced) {
        const impossible = streams.find(({ mode }) => !capabilities.modes.includes(mode));
        throw impossible === undefined ? stopped() : modeUnsupported(impossible, capabilities.modes);
      }
      fenced = true;
      return [];
    },
    takes: () => [],
    transaction: async () => ({
      load: () => Promise.reject(stopped()),
      commit: async () => undefined,
      rollback: async () => undefined,
    }),
    finish: () => Promise.reject(stopped()),
    reset: () => Promise.reject(stopped()),
    measure: () => Promise.reject(stopped()),
    close: () => session.close(),
  };
}

/** False for a destination whose file or folder nobody has made yet: to open it could make it. */
async function isThere({ connector, config }: ConfiguredDestination): Promise<boolean> {
  const paths: string[] = [];
  mapTexts(connector.spec.connectionSpecification, config, (setting) => {
    if (isPath(setting)) paths.push(setting.text);
    return setting.text;
  });
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return found.every((each) => each !== undefined);
}

/** A destination that has never seen the connection. */
export function blank(connector: DestinationConnector): DestinationConnector {
  const session: DestinationSession = {
    capabilities: { transactional: true, parallel: 1, modes: modesOf(connector) },
    held: async () => ({ token: null, checkpoints: [] }),
    begin: async () => [],
    takes: () => [],
    transaction: () => Promise.reject(stopped()),
    finish: () => Promise.reject(stopped()),
    reset: () => Promise.reject(stopped()),
    measure: () => Promise.reject(stopped()),
    close: async () => undefined,
  };
  return { ...connector, open: async () => session };
}

function modesOf({ spec }: DestinationConnector): readonly WriteMode[] {
  const modes = spec.supported_destination_sync_modes ?? [];
  const own = (["append", "overwrite", "append_dedup"] as const).filter((mode) => modes.includes(mode));
  return own.includes("overwrite") && own.includes("append_dedup") ? [...own, "overwrite_dedup"] : own;
}

function stopped(): WeirError {
  return new WeirError({
    code: STOPPED,
    message: "The rehearsal of the sync is over.",
    next: "Nothing to do.",
    recovery: "stop",
    origin: "engine",
  });
}
