import type { Clock } from "@weir/protocol";
import type { Readable, Writable } from "node:stream";

/** Everything a run touches outside itself, files apart. */
export interface Io {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Aborts to stop gracefully: what is in flight is rolled back or committed, checkpoints stay. */
  readonly signal: AbortSignal;
  /** Where relative paths begin; the process's working directory by default. */
  readonly cwd?: string;
}

/** A stream that text is written to, and what is known of the terminal behind it. */
export type TextStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };
