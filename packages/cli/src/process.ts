import { systemClock } from "@weir/protocol";
import { main } from "./main.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C may arrive twice, from the terminal and from a launcher in between. */
const SAME_SIGNAL_MS = 100;

/** Runs the command line of this process and ends it. */
export async function runProcess(): Promise<void> {
  const controller = new AbortController();
  stopOnSignals(controller);
  stopWithLauncher(controller);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader of a pipe has gone (`weir discover | head`): nobody is left to tell, but that rows were not moved.
    if (error.code === "EPIPE") process.exit(movesRows(process.argv.slice(2)) ? 1 : 0);
    throw error;
  });
  const { env, stdin, stdout, stderr } = process;
  const code = await main(process.argv.slice(2), {
    clock: systemClock,
    env,
    stdin,
    stdout,
    stderr,
    signal: controller.signal,
  });
  await Promise.all([flushed(stdout), flushed(stderr)]);
  process.exit(code);
}

/** Options may stand before the words. */
function movesRows(argv: readonly string[]): boolean {
  const [noun, , verb] = argv.filter((word) => !word.startsWith("-"));
  return noun === "sync" || (noun === "connector" && (verb === "read" || verb === "write"));
}

/** The first signal stops gracefully, the second kills. */
function stopOnSignals(controller: AbortController): void {
  let stoppedAt: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (stoppedAt === undefined) {
      stoppedAt = now;
      controller.abort(new Error(`stopped by ${signal}`));
    } else if (now - stoppedAt > SAME_SIGNAL_MS) {
      for (const each of SIGNALS) process.off(each, stop);
      process.kill(process.pid, signal);
    }
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}

/** bin/weir.js on an older Node keeps a channel open to this process; it closes when that one is killed. */
function stopWithLauncher(controller: AbortController): void {
  if (process.env["WEIR_LAUNCHED"] === undefined || process.channel === undefined) return;
  delete process.env["WEIR_LAUNCHED"];
  process.on("disconnect", () => controller.abort(new Error("the launcher ended")));
  process.channel?.unref();
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
