import type { JsonObject } from "@weir/protocol";

/** One demand of the suite, as reports and documentation show it. */
export interface AcceptanceRow {
  /** Stable: `D4`, `S9`. */
  readonly id: string;
  readonly side: "source" | "destination";
  readonly title: string;
  /** What is done and what must be seen. */
  readonly procedure: string;
}

/** `skipped`: it could be tried and was not; `not applicable`: there is nothing to try. Both say why. */
export type Outcome = "passed" | "failed" | "skipped" | "not applicable";

export interface RowResult {
  readonly row: string;
  readonly outcome: Outcome;
  /** What failed, or why it was not tried; empty where it passed. */
  readonly reason: string;
  /** What was seen: counts, times. */
  readonly evidence: JsonObject;
}

/** Ends a row that was not tried. */
class NotTried extends Error {
  readonly outcome: "skipped" | "not applicable";

  constructor(outcome: "skipped" | "not applicable", reason: string) {
    super(reason);
    this.outcome = outcome;
  }
}

export function notApplicable(reason: string): never {
  throw new NotTried("not applicable", reason);
}

export function skip(reason: string): never {
  throw new NotTried("skipped", reason);
}

/** A row at work; returns its evidence, throws what is wrong. */
export type Procedure<Scene> = (scene: Scene) => Promise<JsonObject>;

/** Runs one row to its result. */
export async function resultOf(row: string, run: () => Promise<JsonObject>): Promise<RowResult> {
  try {
    return { row, outcome: "passed", reason: "", evidence: await run() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const outcome = error instanceof NotTried ? error.outcome : "failed";
    return { row, outcome, reason, evidence: {} };
  }
}
