import type {
  DestinationSession,
  FencingToken,
  OpenDestination,
  StreamPlan,
  StoredCheckpoint,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { MemoryDestinationOptions } from "./destination-options.ts";
import { finishStream } from "./destination-finish.ts";
import { fenced, isGreater, type MemoryRow, type MemoryStore, tableKey } from "./destination-store.ts";
import { type Load, memoryTransaction } from "./destination-transaction.ts";
import { type FaultPoint, pass } from "./faults.ts";
import { measureRows } from "./stream.ts";

export interface SessionScene {
  readonly store: MemoryStore;
  readonly options: Required<MemoryDestinationOptions>;
  readonly connection: OpenDestination["connection"];
  /** Told every call that had its effect. */
  readonly note: (call: string) => void;
}

export function memorySession({ store, options, connection, note }: SessionScene): DestinationSession {
  const epoch = store.epoch;
  const begun = new Map<string, StreamPlan>();
  let token: FencingToken | undefined;
  let closed = false;

  const alive = (): void => {
    if (closed) throw new Error("The session is used after close.");
    if (store.epoch !== epoch) throw lost();
  };
  const step = async <T>(point: FaultPoint, act: () => T, signal?: AbortSignal): Promise<T> => {
    signal?.throwIfAborted();
    alive();
    const checked = (): T => {
      alive();
      return act();
    };
    return pass({ faults: options.faults, point, signal, crash: () => (store.epoch += 1), act: checked });
  };
  const compareToken = (): void => {
    const held = store.connection(connection).token;
    if (token === undefined) throw new Error("commit and finish come after begin.");
    if (held !== null && isGreater(held, token)) throw fenced();
  };
  const keep = (checkpoints: readonly StoredCheckpoint[]): void => {
    if (!options.transactional) return;
    const { checkpoints: kept } = store.connection(connection);
    for (const { stream, document } of checkpoints) kept.set(stream, structuredClone(document));
  };
  const stagedKey = (stream: StreamPlan): string => `${connection} ${stream.key}`;
  const write = (stream: StreamPlan, rows: readonly MemoryRow[]): void => {
    if (stream.mode === "append") return store.append(store.table(stream), rows);
    store.staged.set(stagedKey(stream), [...(store.staged.get(stagedKey(stream)) ?? []), ...rows]);
  };
  const commit = (loads: readonly Load[], checkpoints: readonly StoredCheckpoint[]): void => {
    compareToken();
    if (options.transactional) loads.forEach(({ stream, rows }) => write(stream, rows));
    keep(checkpoints);
    note(`commit ${checkpoints.map(({ stream }) => stream).join(" ")}`);
  };

  return {
    capabilities: { transactional: options.transactional, parallel: options.parallel, modes: options.modes },
    held: () =>
      step("destination.held", () => {
        const record = store.connection(connection);
        const checkpoints = [...record.checkpoints].map(([stream, document]) => ({ stream, document }));
        return { token: record.token, checkpoints };
      }),
    begin: (request) =>
      step("destination.begin", () => {
        const record = store.connection(connection);
        if (record.token !== null && isGreater(record.token, request.token)) throw fenced();
        refuseCollisions(request.streams);
        record.token = request.token;
        token = request.token;
        keep(request.checkpoints);
        note("begin");
        return request.streams.flatMap((stream) => {
          begun.set(stream.key, stream);
          if (stream.fresh) store.staged.delete(stagedKey(stream));
          return evolve(store, stream);
        });
      }),
    missing: async (streams) =>
      streams.filter((stream) => !store.tables.has(tableKey(stream.table))).map(({ key }) => key),
    missingColumns: async (streams) =>
      streams.map((stream) => {
        const there = new Set(store.tables.get(tableKey(stream.table))?.fields.map(({ name }) => name));
        const fields = stream.fields.map(({ name }) => name).filter((name) => !there.has(name));
        return { stream: stream.key, fields };
      }),
    takes: (stream) => {
      if (!begun.has(stream.key)) throw new Error("takes comes after begin.");
      const columns = stream.fields.map((field) => ({ field, type: "" }));
      return [
        ...(options.csv ? [{ format: "csv", columns, cost: 1 } as const] : []),
        { format: "batch", columns, cost: 4 } as const,
      ];
    },
    transaction: (signal) =>
      step(
        "destination.transaction",
        () => {
          if (token === undefined) throw new Error("transaction comes after begin.");
          return memoryTransaction({
            refuses: options.refuses,
            chunk: (chunkSignal) => step("destination.chunk", () => {}, chunkSignal),
            isBegun: (stream) => begun.has(stream.key),
            loaded: (stream, rows) => {
              if (!options.transactional) write(stream, rows);
            },
            commit: (loads, checkpoints) =>
              step("destination.commit", () => commit(loads, checkpoints), signal),
            over: () => {},
          });
        },
        signal,
      ),
    finish: (request) =>
      step(
        "destination.finish",
        () => {
          compareToken();
          if (!begun.has(request.stream.key)) throw new Error("finish comes after begin.");
          finishStream(store, stagedKey(request.stream), request);
          keep([request.checkpoint]);
          note(`finish ${request.stream.key}`);
        },
        request.signal,
      ),
    reset: async (checkpoints) => {
      alive();
      const { checkpoints: kept } = store.connection(connection);
      for (const { stream, document } of checkpoints) {
        if (document === null) kept.delete(stream);
        else kept.set(stream, structuredClone(document));
      }
    },
    measure: async (stream, { key }) => {
      alive();
      const { rows, fields } = store.table(stream);
      return measureRows(
        rows.map(({ data }) => data),
        fields,
        key,
      );
    },
    close: async () => {
      closed = true;
    },
  };
}

function refuseCollisions(streams: readonly StreamPlan[]): void {
  const taken = new Map<string, string>();
  for (const { table, key } of streams) {
    const other = taken.get(tableKey(table));
    if (other !== undefined && other !== key) {
      throw new WeirError({
        code: "destination.names_collide",
        message: `The streams ${other} and ${key} would share the table ${tableKey(table)}.`,
        next: "Give one of them another prefix or namespace.",
        recovery: "ask",
        origin: "destination",
      });
    }
    taken.set(tableKey(table), key);
  }
}

/** New fields join, old ones stay, a field of another kind takes its new one. */
function evolve(store: MemoryStore, stream: StreamPlan): readonly string[] {
  const table = store.table(stream);
  const before = new Map(table.fields.map((field) => [field.name, field]));
  const notes = stream.fields.flatMap((field) => {
    const old = before.get(field.name);
    if (old === undefined) return [`${stream.table.name}: added column ${field.name} (${field.kind})`];
    return old.kind === field.kind
      ? []
      : [`${stream.table.name}: ${field.name} is ${field.kind}, was ${old.kind}`];
  });
  stream.fields.forEach((field) => before.set(field.name, field));
  table.fields = [...before.values()];
  return notes;
}

function lost(): WeirError {
  return new WeirError({
    code: "destination.connection_lost",
    message: "The destination in memory has crashed and lost its sessions.",
    next: "Connect again.",
    recovery: "retry",
    origin: "destination",
  });
}
