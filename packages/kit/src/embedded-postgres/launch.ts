import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, giveTo, spawnAs } from "./account.ts";
import { type Cluster, serverEnvironment } from "./cluster.ts";

/**
 * The shell that is the server's parent. It says the server's process id, ends when the server ends, and holds a pipe
 * from this process: when that closes, however this process died, the server is stopped at once (SIGQUIT; committed
 * data is safe and recovered at the next start) and a temporary folder removed. A shell, because it holds 1 MB where
 * Node would hold 40.
 */
const GUARD = `
temporary=$1
shift
exec 3<&0
"$@" </dev/null >&2 3<&- &
server=$!
echo $server
exec >&-
( read -r _ <&3; kill -QUIT $server 2>/dev/null ) &
guard=$!
exec 3<&-
wait $server
code=$?
kill $guard 2>/dev/null
if wait $guard && [ -n "$temporary" ]; then cd / && rm -rf -- "$temporary"; fi
exit $code
`;

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
  const log = openSync(cluster.log, "w", 0o600);
  giveTo(account, cluster.log);
  const shell = spawn(
    "/bin/sh",
    [
      "-c",
      GUARD,
      "weir-postgres",
      cluster.temporary ? cluster.folder : "",
      join(native, "bin", "postgres"),
      "-D",
      cluster.data,
      ...options,
    ],
    // A session of its own: Ctrl-C in the terminal reaches this process only, which then stops the server in order.
    {
      cwd: cluster.folder,
      env: serverEnvironment(),
      stdio: ["pipe", "pipe", log],
      detached: true,
      ...spawnAs(account),
    },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  const pid = await firstLine(shell);
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

async function firstLine(shell: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of shell.stdout ?? []) text += String(chunk);
  return Number(text);
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

async function waitFor(shell: ChildProcess, ended: Promise<void>): Promise<void> {
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
