import type { JsonObject } from "@weir/protocol";
import type { SchemaPolicy, SyncMode, Verification } from "@weir/engine";

/** A stream of a connection as schema.ts declares it. */
export interface DeclaredStream {
  readonly name: string;
  readonly namespace?: string;
  readonly mode?: SyncMode;
  readonly cursor?: string;
  readonly primaryKey?: string | readonly string[];
  readonly fields?: readonly string[];
}

export interface DeclaredLimits {
  readonly parallelStreams?: number;
  readonly bytesInFlight?: number;
  readonly sourceHeartbeatSeconds?: number;
  readonly destinationTimeoutSeconds?: number;
  readonly completeFailures?: number;
  readonly completeFailuresInSuccession?: number;
  readonly partialFailures?: number;
  readonly partialFailuresInSuccession?: number;
  readonly backoffMinSeconds?: number;
  readonly backoffMaxSeconds?: number;
}

/** A connection as schema.ts declares it, and as the options of `weir sync` give it. */
export interface DeclaredConnection {
  readonly streams?: "all" | readonly (string | DeclaredStream)[];
  readonly mode?: SyncMode;
  readonly cursor?: string;
  readonly primaryKey?: string | readonly string[];
  readonly namespace?: "destination" | "source" | { readonly format: string };
  readonly prefix?: string;
  readonly schemaChanges?: SchemaPolicy;
  readonly nativeTypes?: boolean;
  readonly rejects?: { readonly max?: number };
  readonly verify?: Verification;
  readonly limits?: DeclaredLimits;
}

export interface DeclaredEndpoint {
  readonly connector?: string;
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly manifest?: string;
  readonly trusted?: boolean;
  readonly config?: JsonObject;
}

/** A weir.yaml after validation. */
export interface DeclaredProject {
  readonly sources?: Readonly<Record<string, DeclaredEndpoint>>;
  readonly destinations?: Readonly<Record<string, DeclaredEndpoint>>;
  readonly connections?: Readonly<
    Record<string, DeclaredConnection & { readonly source: string; readonly destination: string }>
  >;
}
