/**
 * What the reader of a failure should do.
 * - `retry`: the same call may succeed later (network, lock, server restart).
 * - `skip`: this piece of data cannot go this way; the engine replays it row by row and sets misfits aside.
 * - `stop`: neither time nor a person's setting will help within this sync.
 * - `ask`: a person must change a configuration, a permission or the data.
 */
export type Recovery = "retry" | "skip" | "stop" | "ask";

export type FailureOrigin = "source" | "destination" | "engine" | "config";

/** A failure as data: everything a person or a program needs, and nothing secret. */
export interface Failure {
  /** Stable and dotted: `<origin>.<what>`, for example `source.unreachable`. */
  readonly code: string;
  /** One plain sentence: what is wrong. */
  readonly message: string;
  /** What to do next, as an instruction. */
  readonly next: string;
  readonly recovery: Recovery;
  readonly origin: FailureOrigin;
  /** Where in the configuration or the data: `sources.shop.port`, `orders.total`. */
  readonly path?: string;
  /** The stream's key where the failure belongs to one stream. */
  readonly stream?: string;
  /** Technical text for a log: driver message, server code. Never a secret. */
  readonly detail?: string;
}

export class WeirError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: { readonly cause?: unknown }) {
    super(failure.message, options);
    this.name = "WeirError";
    this.failure = failure;
  }
}

/** What JavaScript throws for a mistake in the program: no other try ends better. */
const DEFECTS = [TypeError, ReferenceError, RangeError, SyntaxError];

/** The failure inside any thrown value; what is not a WeirError becomes `<origin>.unexpected`. */
export function failureOf(error: unknown, origin: FailureOrigin): Failure {
  if (error instanceof WeirError) return error.failure;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: `${origin}.unexpected`,
    message: `Unexpected failure: ${text.split("\n")[0] ?? ""}`,
    next: "Run again with --verbose and report the log if it repeats.",
    recovery: DEFECTS.some((kind) => error instanceof kind) ? "stop" : "retry",
    origin,
    detail: text,
  };
}
