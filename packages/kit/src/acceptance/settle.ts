import type { RowResult } from "./row.ts";

/** Turns a result into what a test runner understands: a failure is thrown, a row not tried is handed to `skip`. */
export function settle({ row, outcome, reason }: RowResult, skip: (reason: string) => void): void {
  if (outcome === "failed") throw new Error(`${row}: ${reason}`);
  if (outcome !== "passed") skip(`${outcome}: ${reason}`);
}
