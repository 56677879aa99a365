import type { Command, Context, JsonObject, StreamDescriptor, Strike } from "@weir/protocol";
import type { Outbox } from "./outbox.ts";

export type ReadCommand = Extract<Command, { readonly name: "read" }>;
export type WriteCommand = Extract<Command, { readonly name: "write" }>;

/** What a command is given to work with. */
export interface Scene {
  /** As the connector gets it: what it logs is sent as LOG, a new configuration as CONTROL. */
  readonly context: Context;
  readonly outbox: Outbox;
  /** Checks a configuration against the connector's schema and fills in defaults; its secrets are masked from then on. */
  configured(config: JsonObject): JsonObject;
  /** Knows the secrets of every configuration so far. */
  readonly strike: Strike;
  /** Sends a failure of one stream as TRACE ERROR; thrown afterwards, it is not sent again. */
  report(error: unknown, stream: StreamDescriptor): void;
  readonly random: () => number;
  /** The name under which a destination keeps checkpoints and fence, instead of one made of the streams. */
  readonly connection?: string | undefined;
}
