import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DestinationConnector, JsonObject, Recovery, SourceConnector } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { MemoryDestination, MemoryStream } from "@weir/kit/testing";
import { fakeClock, seededRandom } from "@weir/kit/testing";
import { destinationAround } from "./around.ts";
import type {
  Connection,
  StreamSelection,
  SyncEvent,
  SyncMode,
  SyncRequest,
  SyncStore,
} from "../src/index.ts";

/** A local store that lives as long as the test. */
export function memoryStore(): SyncStore {
  const documents = new Map<string, JsonObject>();
  return {
    read: async (connection) => structuredClone(documents.get(connection)),
    write: async (connection, document) => void documents.set(connection, structuredClone(document)),
  };
}

export interface SceneInput {
  readonly source: SourceConnector;
  readonly destination: DestinationConnector;
  readonly mode?: SyncMode;
  readonly streams?: Connection["streams"];
  readonly connection?: Partial<Connection>;
  readonly request?: Partial<SyncRequest>;
  readonly store?: SyncStore;
}

/** Every request stands for a process of its own. */
let processes = 0;

/** A request with everything a test does not care about. Time jumps over waits. */
export function sceneRequest(input: SceneInput): SyncRequest & { readonly events: readonly SyncEvent[] } {
  const events: SyncEvent[] = [];
  const streams = input.streams ?? [
    { name: "users", mode: input.mode ?? "full_refresh_overwrite", cursor: "v", primaryKey: ["id"] },
  ];
  return {
    connection: {
      name: "test",
      streams,
      namespace: { kind: "destination" },
      prefix: "",
      schemaChanges: "propagate_columns",
      nativeTypes: false,
      rejects: { max: 0 },
      ...input.connection,
    },
    source: { connector: input.source, config: {} },
    destination: { connector: input.destination, config: {} },
    store: input.store ?? memoryStore(),
    deadLetters: mkdtempSync(join(tmpdir(), "weir-dead-")),
    clock: fakeClock({ jump: true }),
    random: seededRandom(++processes),
    signal: new AbortController().signal,
    log: () => undefined,
    onEvent: (event) => void events.push(event),
    events,
    ...input.request,
  };
}

export function usersStream(count: number, name = "users"): MemoryStream {
  return {
    name,
    fields: [
      { name: "id", kind: "integer" },
      { name: "v", kind: "integer" },
    ],
    rows: Array.from({ length: count }, (_, id) => ({ id, v: id })),
    primaryKey: ["id"],
    cursor: "v",
  };
}

/** Ids in a table, in order. */
export function idsIn(destination: MemoryDestination, table = "users"): readonly number[] {
  return destination
    .rows(table)
    .map(({ data }) => Number(data["id"]))
    .toSorted((left, right) => left - right);
}

/** `from` to `to`, both included. */
export function span(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

export function selections(
  mode: SyncMode,
  names: readonly string[] = ["users", "orders"],
): readonly StreamSelection[] {
  return names.map((name) => ({ name, mode }));
}

/** A failure as a test wants it. */
export function failing(recovery: Recovery, code = "test.broken"): WeirError {
  const origin = code.startsWith("source") ? "source" : "destination";
  return new WeirError({ code, message: `${code} happened.`, next: "Nothing.", recovery, origin });
}

/** A destination that cannot make the table of one stream, as long as asked says so. */
export function refusing(
  destination: DestinationConnector,
  stream: string,
  asked: () => boolean = () => true,
): DestinationConnector {
  return destinationAround(destination, {
    begin: async (begin, request) => {
      if (!asked() || !request.streams.some(({ key }) => key === stream)) return begin(request);
      throw new WeirError({
        code: "destination.table_too_wide",
        message: `The table of ${stream} has too many columns.`,
        next: "Select fewer.",
        recovery: "ask",
        origin: "destination",
        stream,
      });
    },
  });
}

/** A step that acts only the first time it is passed. */
export function once(act: () => void): () => void {
  let passed = false;
  return () => {
    if (passed) return;
    passed = true;
    act();
  };
}

/** A cancel that a step of the scene gives. */
export function cancelling(): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, cancel: () => controller.abort(new Error("the user asked")) };
}
