import type { Change, FencingToken, Field, JsonObject, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

/** A row as a table in memory holds it. */
export interface MemoryRow {
  readonly rawId: string;
  /** Milliseconds since 1970. */
  readonly extractedAt: number;
  readonly generation: number;
  /** Number of the sync that loaded it. */
  readonly sync: number;
  readonly changes: readonly Change[];
  readonly data: JsonObject;
}

export interface MemoryTable {
  fields: readonly Field[];
  rows: readonly MemoryRow[];
}

interface ConnectionRecord {
  token: FencingToken | null;
  readonly checkpoints: Map<string, JsonObject>;
}

/** What survives a crash: tables, rows staged by committed parts, checkpoints and fences. */
export class MemoryStore {
  readonly tables = new Map<string, MemoryTable>();
  /** By connection and stream. */
  readonly staged = new Map<string, readonly MemoryRow[]>();
  readonly #connections = new Map<string, ConnectionRecord>();
  /** Counts crashes; sessions opened under another number are dead. */
  epoch = 0;

  connection(name: string): ConnectionRecord {
    const record = this.#connections.get(name) ?? { token: null, checkpoints: new Map() };
    this.#connections.set(name, record);
    return record;
  }

  table(plan: Pick<StreamPlan, "table" | "fields">): MemoryTable {
    const table = this.tables.get(tableKey(plan.table)) ?? { fields: plan.fields, rows: [] };
    this.tables.set(tableKey(plan.table), table);
    return table;
  }

  /** Appends rows to a table; raw ids are unique in it. */
  append(table: MemoryTable, rows: readonly MemoryRow[]): void {
    const ids = new Set(table.rows.map(({ rawId }) => rawId));
    for (const { rawId } of rows) {
      if (ids.has(rawId)) throw new Error(`Raw id ${rawId} stands twice.`);
      ids.add(rawId);
    }
    table.rows = [...table.rows, ...rows];
  }
}

/** Names fold to lower case, as in most databases. */
export function tableKey({ namespace, name }: StreamPlan["table"]): string {
  return `${namespace ?? "main"}.${name}`.toLowerCase();
}

export function isGreater(left: FencingToken, right: FencingToken): boolean {
  return left.sync > right.sync || (left.sync === right.sync && left.attempt > right.attempt);
}

export function fenced(): WeirError {
  return new WeirError({
    code: "destination.fenced",
    message: "A later attempt of this connection has taken over.",
    next: "Let it finish.",
    recovery: "stop",
    origin: "destination",
  });
}
