import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import type { Cluster } from "./cluster.ts";
import { startGuarded } from "./guard.ts";

const READY_WITHIN_MS = 60_000;
const POLL_MS = 5;

export interface Running {
  /** The postmaster's process id. */
  readonly pid: number;
  /** Resolves when the postmaster has ended; waiting keeps this process alive, running does not. */
  ended(): Promise<void>;
}

export type Launch = Running | { readonly failed: string };

/** Starts the server and waits until it accepts connections; `failed` holds the end of its log. */
export async function launch(
  cluster: Cluster,
  native: string,
  account: Account,
  settings: Readonly<Record<string, string>>,
): Promise<Launch> {
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const { shell, pid, ended } = await startGuarded(cluster, native, account, [
    "postgres",
    "-D",
    cluster.data,
    ...options,
  ]);
  const deadline = Date.now() + READY_WITHIN_MS;
  while (shell.exitCode === null && shell.signalCode === null && Date.now() < deadline) {
    if (isReady(cluster, pid)) {
      letProcessEnd(shell);
      return { pid, ended: () => waitFor(shell, ended) };
    }
    await sleep(POLL_MS);
  }
  shell.stdin?.destroy();
  await ended;
  return { failed: readFileSync(cluster.log, "utf8").trim() };
}

/** The postmaster writes its state into the eighth line of its lock file. */
function isReady(cluster: Cluster, pid: number): boolean {
  try {
    const lines = readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

/** Neither the shell nor its pipe keeps this process alive; its end is what the guard waits for. */
function letProcessEnd(shell: ChildProcess): void {
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
}

async function waitFor(shell: ChildProcess, ended: Promise<unknown>): Promise<void> {
  shell.ref();
  await ended;
  shell.stdin?.destroy();
}

/** A port of the loopback interface that is free at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
