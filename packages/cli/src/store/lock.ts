import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { WeirError } from "@weir/protocol";

/** The work under a lock takes milliseconds: who waits longer waits for a process that stands still. */
const PATIENCE_MS = 10_000;
const STEP_MS = 20;

const SQLITE_BUSY = 5;

/**
 * Does something while no other process does it under the same lock file. The lock is the operating system's, which Node
 * reaches by SQLite: it ends with the process that holds it, however that ends, so that no stale one is ever broken. The
 * file is empty and stays; removing it would let two processes hold locks on two files of one name.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {},
): Promise<T> {
  const { DatabaseSync } = await import("node:sqlite");
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let waited = 0; !taken(file); waited += STEP_MS) {
      if (waited >= patienceMs) throw busy(path, patienceMs);
      await sleep(STEP_MS);
    }
    return await work();
  } finally {
    file.close();
  }
}

function taken(file: DatabaseSync): boolean {
  try {
    file.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if ((error as { readonly errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

function busy(path: string, patienceMs: number): WeirError {
  return new WeirError({
    code: "config.locked",
    message: `Another process of Weir has held ${path} for ${patienceMs / 1000} seconds, which takes milliseconds otherwise.`,
    next: "Look for a weir process of this project that is stopped or hangs, and end it: its lock ends with it. The file itself does no harm.",
    recovery: "retry",
    origin: "config",
  });
}
