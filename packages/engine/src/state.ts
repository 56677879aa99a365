import type { Context, DestinationConnector, Held, JsonObject, JsonValue } from "@weir/protocol";
import type { ConnectionDocument, StreamDocument } from "./document.ts";
import { readCheckpoints, storeConnection, storeStream } from "./document.ts";
import { WeirError } from "@weir/protocol";
import { HeldCheckpoints } from "./held.ts";
import type { SyncStore } from "./request.ts";

export interface StateRequest {
  readonly connection: string;
  readonly destination: { readonly connector: DestinationConnector; readonly config: JsonObject };
  readonly store: SyncStore;
  readonly context: Context;
}

export interface StreamStateView {
  readonly stream: string;
  readonly state: JsonValue | null;
  readonly phase: "loading" | "loaded" | "complete";
  readonly generation: number;
  readonly sync: number;
}

export interface ConnectionStateView {
  readonly connection: string;
  /** Sync and attempt that last held the fence; null for a connection never synced. */
  readonly token: Held["token"];
  readonly shared: JsonValue | null;
  readonly streams: readonly StreamStateView[];
}

/** The states a connection's next sync goes on from, read from the destination; refreshes the local copy. */
export async function showState(request: StateRequest): Promise<ConnectionStateView> {
  const { connector, config } = request.destination;
  const session = await connector.open({ config, connection: request.connection, context: request.context });
  try {
    const held = await HeldCheckpoints.read(session, request.store, request.connection);
    await held.save();
    const { connection, streams } = readCheckpoints(held.now);
    return {
      connection: request.connection,
      token: held.now.token,
      shared: connection?.state ?? null,
      streams: [...streams].map(([stream, { state, phase, generation, sync }]) => ({
        stream,
        state,
        phase,
        generation,
        sync,
      })),
    };
  } finally {
    await session.close();
  }
}

/**
 * Forgets the states of the streams named, of all without names, in the destination and the local copy. Rows stay; the
 * next sync reads these streams from the start under their generation. Returns the streams reset.
 */
export async function resetState(
  request: StateRequest,
  names: readonly string[],
): Promise<readonly string[]> {
  const { connector, config } = request.destination;
  const session = await connector.open({ config, connection: request.connection, context: request.context });
  try {
    const held = await HeldCheckpoints.read(session, request.store, request.connection);
    const { connection, streams } = readCheckpoints(held.now);
    const chosen = [...streams].filter(([stream]) => names.length === 0 || names.includes(stream));
    const checkpoints = chosen.map(([stream, document]) => storeStream(stream, forgotten(document)));
    if (connection !== undefined) checkpoints.push(storeConnection(forgetShared(connection, names)));
    if (session.capabilities.transactional) await session.reset(checkpoints);
    await held.remember(checkpoints);
    await held.save();
    return chosen.map(([stream]) => stream);
  } finally {
    await session.close();
  }
}

/** Staged rows go with the state they belong to: the next sync begins its load anew. */
function forgotten(document: StreamDocument): StreamDocument {
  return {
    ...document,
    state: null,
    phase: "complete",
    clear: false,
    uncovered: false,
    overlap: false,
    minimumGeneration: 0,
    finished: 0,
  };
}

function forgetShared(connection: ConnectionDocument, names: readonly string[]): ConnectionDocument {
  if (names.length === 0) return { sync: connection.sync, status: "failed", covers: [] };
  if (connection.form === "LEGACY") {
    throw new WeirError({
      code: "config.legacy_state_shared",
      message: "The source keeps one state for all streams of this connection.",
      next: "Reset all of them, without naming any.",
      recovery: "ask",
      origin: "config",
    });
  }
  return { ...connection, covers: connection.covers.filter((key) => !names.includes(key)) };
}
