import type { Width } from "../limits/tables.ts";
import type { Command } from "../measure/command.ts";
import type { Contents } from "../routes/route.ts";
import type { Endpoint } from "../weir.ts";

/** A place for the lineitem table. */
export interface Destination {
  readonly name: string;
  /** As weir.yaml has it. */
  readonly endpoint: Endpoint;
  /** The most that Weir may hold when it writes here. */
  readonly memoryBytes: number;
  /** The native way to move the table here. */
  readonly limitName: string;
  limit(width: Width): readonly Command[];
  /** Removes everything; writes of earlier runs are on disk when it returns. */
  empty(): Promise<void>;
  contents(): Promise<Contents>;
}
