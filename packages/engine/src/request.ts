import type { Clock, DestinationConnector, Failure, JsonObject, Log, SourceConnector } from "@weir/protocol";
import type { RowCounts, SyncEvent, SyncStatus } from "./events.ts";
import type { Limits } from "./limits.ts";

export type SyncMode =
  | "full_refresh_append"
  | "full_refresh_overwrite"
  | "full_refresh_overwrite_deduped"
  | "incremental_append"
  | "incremental_append_deduped";

export interface StreamSelection {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Absent: incremental with dedup where cursor and key are known, else full refresh overwrite. */
  readonly mode?: SyncMode | undefined;
  readonly cursor?: string | undefined;
  readonly primaryKey?: readonly string[] | undefined;
  /** Top-level fields to move; absent: all. Cursor and key always move. */
  readonly fields?: readonly string[] | undefined;
}

export type NamespaceRule =
  | { readonly kind: "destination" }
  | { readonly kind: "source" }
  | { readonly kind: "custom"; readonly format: string };

export type SchemaPolicy = "propagate_columns" | "propagate_fully" | "ignore" | "disable";

export interface Connection {
  readonly name: string;
  readonly streams: "all" | readonly StreamSelection[];
  readonly namespace: NamespaceRule;
  readonly prefix: string;
  readonly schemaChanges: SchemaPolicy;
  readonly nativeTypes: boolean;
  /** A sync with more rejected rows than this fails, after committing the others. */
  readonly rejects: { readonly max: number };
}

/** The local copy of what the destination holds, for display and for destinations that hold nothing. */
export interface SyncStore {
  read(connection: string): Promise<JsonObject | undefined>;
  write(connection: string, document: JsonObject): Promise<void>;
}

export interface SyncRequest {
  readonly connection: Connection;
  readonly source: { readonly connector: SourceConnector; readonly config: JsonObject };
  readonly destination: { readonly connector: DestinationConnector; readonly config: JsonObject };
  readonly store: SyncStore;
  /** Folder for rejected rows; made when the first row is rejected. */
  readonly deadLetters: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly onEvent?: ((event: SyncEvent) => void) | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly verify?: Verification | undefined;
  readonly refresh?: readonly { readonly stream: string; readonly retain: boolean }[] | undefined;
  readonly clear?: readonly string[] | undefined;
  /** Approves the schema found now, under the policy `disable`. */
  readonly acceptSchema?: boolean | undefined;
}

export type Verification = "none" | "count" | "checksum";

export interface SyncResult {
  readonly status: SyncStatus;
  readonly sync: number;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The least of what holds for its streams without dedup. */
  readonly delivery: "exactly-once" | "at-least-once";
  readonly streams: readonly StreamResult[];
  readonly failure?: Failure | undefined;
  /** What the user should know about what this sync could promise. */
  readonly notices: readonly string[];
  /** Changes made to tables, and schema changes seen at the source. */
  readonly schemaNotes: readonly string[];
}

export interface StreamResult {
  readonly stream: string;
  readonly table: string;
  readonly mode: SyncMode;
  /** Rows of a destination without transactions may come again after a failure; dedup leaves one of each key. */
  readonly delivery?: "exactly-once" | "exactly-once-after-dedup" | "at-least-once" | undefined;
  /** Encodings used, most rows first: `pg-binary`, `batch`. Empty when nothing was read. */
  readonly route: string;
  readonly rows: RowCounts;
  readonly bytes: number;
  readonly seconds: number;
  readonly status: "complete" | "broken" | "pending" | "loading" | "finishing";
  /** Files with this sync's rejected rows. */
  readonly rejects: readonly string[];
  readonly verified?: VerifyResult | undefined;
  readonly failure?: Failure | undefined;
}

export interface VerifyResult {
  readonly outcome: "equal" | "different" | "not comparable";
  readonly source?: { readonly rows: number; readonly checksum?: string | undefined } | undefined;
  readonly destination?: { readonly rows: number; readonly checksum?: string | undefined } | undefined;
  readonly reason?: string | undefined;
}
