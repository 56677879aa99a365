import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/**
 * The shell that stands between Weir and an executable, in a process group of their own. It holds a pipe from Weir (3):
 * when that closes, however Weir died, the whole group is killed. What the executable reads comes through it: the end of
 * the input means "all is well" to a destination, so it is passed on only after a word from Weir (4), and a broken pipe
 * kills the group before the end can be seen. The exit code goes back the same way, because stdout may be held open by
 * what the executable started. A shell, because it holds 1 MB where Node would hold 40.
 */
const GUARD = `
input=$1
shift
exec 5<&0 </dev/null 6>&1 >/dev/null
( exec 2>/dev/null 4>&- 5<&- 6>&-; trap '' TERM; read -r _ <&3; kill -KILL 0 ) &
pump() { ( trap '' TERM; exec 3<&- 6>&- 2>/dev/null; cat <&5; read -r _ <&4 || kill -KILL 0 ) }
run() { ( trap : TERM; "$@" >&6 3<&- 4<&- 5<&- 6>&-; echo $? >&4 ) }
if [ "$input" = input ]; then pump | run "$@" & else run "$@" & fi
trap '' TERM
exec 2>/dev/null 3<&- 4<&- 5<&- 6>&-
wait
`;

export interface Guarded {
  /** Of the shell, the executable and all it starts; undefined when nothing could be started. */
  readonly group: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Says that the end of stdin is meant. */
  allowEnd(): void;
  /** To the executable and all it started, as long as they stay in their group. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
  /** As a shell has it: 128 and more stand for a signal. Rejects when nothing could be started. */
  readonly exited: Promise<number>;
}

export interface GuardedProgram {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether it reads stdin; else that is empty. */
  readonly input: boolean;
}

export function startGuarded({ argv, env, cwd, input }: GuardedProgram): Guarded {
  const shell = spawn("/bin/sh", ["-c", GUARD, "weir-guard", input ? "input" : "none", ...argv], {
    cwd,
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  const [stdin, stdout, stderr, life, word] = shell.stdio as unknown as readonly [
    Writable,
    Readable,
    Readable,
    Writable,
    Readable & Writable,
  ];
  // A pipe to somebody who has gone is told by the exit code.
  for (const pipe of [stdin, stdout, stderr, life, word]) pipe.on("error", () => undefined);
  if (!input) stdin.end();
  return {
    group: shell.pid,
    stdin,
    stdout,
    stderr,
    allowEnd: () => void word.write("end\n"),
    signal: (name) => signalGroup(shell, name),
    exited: exitCode(shell, word),
  };
}

const SIGKILL = 9;

/** The word comes before the shell's end, unless the shell was killed. */
const WORD_MS = 200;

function exitCode(shell: ChildProcess, word: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    word.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("\n")) resolve(Number(text));
    });
    shell.once("error", reject);
    // Its pipes may stay open for ever: in the hands of a process that left the group, or unread.
    shell.once("exit", (code) => setTimeout(() => resolve(code ?? 128 + SIGKILL), WORD_MS));
  });
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
