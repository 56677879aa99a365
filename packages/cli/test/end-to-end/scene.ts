import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectors } from "@weir/connectors";
import type { Connection, SyncEvent, SyncMode, SyncRequest, SyncResult, SyncStore } from "@weir/engine";
import { sync } from "@weir/engine";
import { parseConfig } from "@weir/kit";
import { seededRandom } from "@weir/kit/testing";
import type {
  DestinationConnector,
  DestinationSession,
  EncodingFormat,
  JsonObject,
  SourceConnector,
} from "@weir/protocol";
import { systemClock } from "@weir/protocol";
import { onTestFinished } from "vitest";

/** A folder that goes with the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-end-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Endpoint {
  /** A connector's id. */
  readonly id: string;
  /** As a user would write it. */
  readonly config: JsonObject;
}

export function postgresConfig(url: string, overrides: JsonObject = {}): JsonObject {
  const { hostname, port, username, password, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  return { host: hostname, port: Number(port), database, username, password, ...overrides };
}

export interface SyncOptions {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly connection?: Partial<Connection>;
  /** For every stream named. */
  readonly streams?: readonly string[];
  readonly mode?: SyncMode;
  readonly request?: Partial<SyncRequest>;
  /** Stands between the engine and the destination. */
  readonly through?: (connector: DestinationConnector) => DestinationConnector;
}

export interface Synced {
  readonly result: SyncResult;
  readonly events: readonly SyncEvent[];
}

/** One sync of real connectors, as a process of its own would do it: only the destination remembers. */
export async function syncOnce(options: SyncOptions): Promise<Synced> {
  const events: SyncEvent[] = [];
  const source = await configured(options.source, "source");
  const destination = await configured(options.destination, "destination");
  const { streams, mode, through = (connector) => connector } = options;
  const result = await sync({
    connection: {
      name: "end to end",
      streams: streams === undefined ? "all" : streams.map((name) => ({ name, mode })),
      namespace: { kind: "destination" },
      prefix: "",
      schemaChanges: "propagate_columns",
      nativeTypes: false,
      rejects: { max: 0 },
      ...options.connection,
    },
    source,
    destination: { ...destination, connector: through(destination.connector) },
    store: forgetful(),
    deadLetters: newFolder(),
    clock: systemClock,
    random: seededRandom(1),
    signal: new AbortController().signal,
    log: () => undefined,
    // Waits are not what these tests are about.
    limits: { backoffMinMs: 1, backoffMaxMs: 10 },
    onEvent: (event) => void events.push(event),
    ...options.request,
  });
  return { result, events };
}

function forgetful(): SyncStore {
  const documents = new Map<string, JsonObject>();
  return {
    read: async (connection) => documents.get(connection),
    write: async (connection, document) => void documents.set(connection, document),
  };
}

type ConnectorOf<Kind> = Kind extends "source" ? SourceConnector : DestinationConnector;

async function configured<Kind extends "source" | "destination">(
  { id, config }: Endpoint,
  kind: Kind,
): Promise<{ readonly connector: ConnectorOf<Kind>; readonly config: JsonObject }> {
  const connector = await connectors.find((row) => row.id === id)?.load();
  if (connector?.kind !== kind) throw new Error(`There is no ${kind} ${id}.`);
  const parsed = parseConfig(connector.spec.connectionSpecification, config, kind);
  return { connector: connector as ConnectorOf<Kind>, config: parsed.config };
}

/** A destination that offers one route, and the typed one behind it. */
export function offering(format: EncodingFormat): (connector: DestinationConnector) => DestinationConnector {
  return (connector) => ({
    ...connector,
    open: async (request) => {
      const session = await connector.open(request);
      const takes: DestinationSession["takes"] = (plan) =>
        session.takes(plan).filter((encoding) => encoding.format === format || encoding.format === "batch");
      return overridden(session, { takes });
    },
  });
}

/** The object with some of its methods replaced; the others keep their private state. */
export function overridden<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (of, name) => {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(of, name);
      return typeof value === "function" ? (value.bind(of) as unknown) : value;
    },
  });
}
