import type { ConfiguredCatalog } from "./catalog.ts";
import type { Context } from "./context.ts";
import type { DestinationConnector } from "./destination.ts";
import type { JsonObject } from "./json.ts";
import type { Message } from "./message.ts";
import type { SourceConnector, SourceState } from "./source.ts";

/** One command of the Airbyte protocol. `check`, `discover`, `read` and `write` get a configuration with its secrets. */
export type Command =
  | { readonly name: "spec" }
  | { readonly name: "check"; readonly config: JsonObject }
  | { readonly name: "discover"; readonly config: JsonObject }
  | {
      readonly name: "read";
      readonly config: JsonObject;
      readonly catalog: ConfiguredCatalog;
      readonly state: readonly SourceState[];
    }
  | {
      readonly name: "write";
      readonly config: JsonObject;
      readonly catalog: ConfiguredCatalog;
      /** What the destination reads: records, states, stream statuses. Its end is the end of the input. */
      readonly messages: AsyncIterable<Message>;
    };

/**
 * Where a connector runs. Whoever holds a runner uses the connector without knowing whether it is a module of this
 * process or an executable: the engine by `source` and `destination`, the acceptance suite by `run` as well.
 */
export interface Runner {
  /** For logs, results and reports. */
  readonly kind: "in process" | "child process";
  /** The connector's id, or what stands for it where it has none; never holds a secret. */
  readonly id: string;
  /**
   * Runs one command and gives every message of the connector in its order, those it makes of logs included. Ends when
   * the connector has ended well. Fails with a WeirError when it did not: what it told by a TRACE ERROR, else
   * `connector.exited` (with its exit code or signal), `connector.not_started`, `connector.protocol` (half a line, a message too large).
   * Ending the iteration early or aborting `context.signal` ends the connector within a second, with all it started.
   */
  run(command: Command, context: Context): AsyncIterable<Message>;
  /**
   * Process groups of the commands that run now, for whoever wants to kill or measure them; absent where commands run in
   * this process.
   */
  readonly groups?: (() => readonly number[]) | undefined;
  /** The connector as the engine uses it, its `spec` already known. Fails with `connector.kind` for a destination. */
  source(context: Context): Promise<SourceConnector>;
  /** Fails with `connector.kind` for a source. */
  destination(context: Context): Promise<DestinationConnector>;
}
