import type { DestinationConnector, JsonObject, StreamPlan } from "@weir/protocol";
import { Type } from "../config/type.ts";
import { defineDestination } from "../define.ts";
import type { MemoryDestinationOptions } from "./destination-options.ts";
import { memorySession } from "./destination-session.ts";
import { type MemoryRow, MemoryStore, tableKey } from "./destination-store.ts";
import { pass } from "./faults.ts";

export interface MemoryDestination {
  readonly connector: DestinationConnector;
  /** What a reader of the table sees, in the order it was written; empty when there is no such table. */
  rows(table: string | StreamPlan["table"]): readonly MemoryRow[];
  /** Names of the columns of a table. */
  columns(table: string | StreamPlan["table"]): readonly string[];
  checkpoint(connection: string, stream: string): JsonObject | undefined;
  /** The calls that had an effect: `begin`, `commit <streams>`, `finish <stream>`. */
  readonly calls: readonly string[];
  /** Removes a table, as a user might. */
  drop(table: string): void;
  /** Removes a column of a table and its values, as a user might. */
  dropColumn(table: string, column: string): void;
  /** Loses everything not committed; sessions that are open are dead. */
  crash(): void;
}

const MODES = ["append", "overwrite", "append_dedup", "overwrite_dedup"] as const;

const DEFAULTS = {
  transactional: true,
  parallel: 4,
  modes: MODES,
  csv: false,
  refuses: () => undefined,
  faults: () => undefined,
} as const;

/** A destination in memory that keeps the whole contract, and throws plain errors where the engine breaks it. */
export function memoryDestination(options: MemoryDestinationOptions = {}): MemoryDestination {
  const all = { ...DEFAULTS, ...options };
  const store = new MemoryStore();
  const calls: string[] = [];
  const find = (table: string | StreamPlan["table"]): ReturnType<typeof store.tables.get> =>
    store.tables.get(tableKey(typeof table === "string" ? { name: table } : table));
  return {
    connector: defineDestination({
      id: "destination-memory",
      title: "Memory",
      config: Type.Object({}),
      modes: all.modes,
      check: async () => {},
      open: ({ connection }) =>
        pass({
          faults: all.faults,
          point: "destination.open",
          act: () => memorySession({ store, options: all, connection, note: (call) => calls.push(call) }),
        }),
    }),
    rows: (table) => find(table)?.rows ?? [],
    columns: (table) => find(table)?.fields.map(({ name }) => name) ?? [],
    checkpoint: (connection, stream) => store.connection(connection).checkpoints.get(stream),
    calls,
    drop: (table) => void store.tables.delete(tableKey({ name: table })),
    dropColumn: (table, column) => {
      const found = find(table);
      if (found === undefined) throw new Error(`There is no table ${table}.`);
      found.fields = found.fields.filter(({ name }) => name !== column);
      found.rows = found.rows.map((row) => ({ ...row, data: { ...row.data, [column]: null } }));
    },
    crash: () => (store.epoch += 1),
  };
}
