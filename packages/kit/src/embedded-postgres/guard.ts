import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { type Account, giveTo, spawnAs } from "./account.ts";
import type { Cluster } from "./cluster.ts";

/**
 * The shell that is the parent of a server or of initdb. It says the program's process id, ends when the program ends,
 * and holds a pipe from this process: when that closes, however this process died, the program is stopped at once
 * (SIGQUIT; committed data is safe and recovered at the next start) and a temporary folder removed. A shell, because it
 * holds 1 MB where Node would hold 40.
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
if wait $guard && [ -n "$temporary" ]; then
  cd /
  # What initdb had started may write for a moment longer.
  rm -rf -- "$temporary" 2>/dev/null || { sleep 1; rm -rf -- "$temporary"; }
fi
exit $code
`;

export interface Guarded {
  readonly shell: ChildProcess;
  /** The program's process id. */
  readonly pid: number;
  /** Resolves with the program's exit code, null after a signal to the shell. */
  readonly ended: Promise<number | null>;
}

/** Starts a program of the server's `bin` folder under a guard; what it says goes to the log, which begins anew. */
export async function startGuarded(
  cluster: Cluster,
  native: string,
  account: Account,
  [program, ...options]: readonly [string, ...string[]],
): Promise<Guarded> {
  const log = openSync(cluster.log, "w", 0o600);
  giveTo(account, cluster.log);
  const temporary = cluster.temporary ? cluster.folder : "";
  const shell = spawn(
    "/bin/sh",
    ["-c", GUARD, "weir-postgres", temporary, join(native, "bin", program), ...options],
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
  const ended = new Promise<number | null>((resolve) => {
    shell.once("exit", resolve);
    shell.once("error", () => resolve(null));
  });
  return { shell, pid: await firstLine(shell), ended };
}

async function firstLine(shell: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of shell.stdout ?? []) text += String(chunk);
  return Number(text);
}

/** Nothing of this process's environment: it may hold secrets, and PG* variables would change the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
