import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guarded, GuardedProgram } from "./guard.ts";
import { startGuarded } from "./guard.ts";

/** What the executable started may print for so long after its own end; then it goes too. */
const AFTERGLOW_MS = 500;

/** A running executable: its bytes, its end, and how to end it. */
export class Executable {
  readonly #guarded: Guarded;
  readonly #killAfterMs: number;
  readonly #exit: Promise<number>;
  #isOver = false;
  #stopping: Promise<void> | undefined;

  /** `killAfterMs`: how long it may take over a SIGTERM. */
  constructor(program: GuardedProgram, killAfterMs: number) {
    this.#guarded = startGuarded(program);
    this.#killAfterMs = killAfterMs;
    this.#exit = this.#guarded.exited.finally(() => (this.#isOver = true));
    this.#exit.catch(() => undefined);
  }

  /** Its process group, as long as it runs. */
  get group(): number | undefined {
    return this.#isOver ? undefined : this.#guarded.group;
  }

  /** Its exit code, 128 and more for a signal; rejects when it could not be started. */
  get exit(): Promise<number> {
    return this.#exit;
  }

  onStderr(listen: (chunk: Buffer) => void): void {
    this.#guarded.stderr.on("data", listen);
  }

  /** Everything it prints, to the end of its own life and a moment longer for what it started. */
  async *chunks(): AsyncGenerator<Buffer> {
    const { stdout } = this.#guarded;
    let wake = Promise.withResolvers<void>();
    const awake = (): void => wake.resolve();
    for (const event of ["readable", "end", "close"] as const) stdout.on(event, awake);
    this.#exit.then(awake, awake);
    let idleSince: number | undefined;
    for (;;) {
      wake = Promise.withResolvers<void>();
      const chunk = stdout.read() as Buffer | null;
      if (chunk !== null) {
        idleSince = undefined;
        yield chunk;
        continue;
      }
      if (stdout.readableEnded || stdout.destroyed) return;
      if (!this.#isOver) {
        await wake.promise;
        continue;
      }
      const now = performance.now();
      idleSince ??= now;
      if (now - idleSince > AFTERGLOW_MS) return;
      await Promise.race([wake.promise, sleep(AFTERGLOW_MS / 5)]);
    }
  }

  /** Resolves when it may take more; at once when it has ended, which `exit` tells. */
  async write(text: string | Uint8Array): Promise<void> {
    const { stdin } = this.#guarded;
    if (this.#isOver || stdin.destroyed || stdin.write(text)) return;
    const drained = Promise.withResolvers<void>();
    const done = (): void => drained.resolve();
    stdin.once("drain", done).once("close", done);
    await Promise.race([drained.promise, this.#exit.catch(() => undefined)]);
    stdin.off("drain", done).off("close", done);
  }

  /** Tells it that all was sent. */
  endInput(): void {
    this.#guarded.stdin.end(() => this.#guarded.allowEnd());
  }

  /** Ends it and all it started: SIGTERM, and SIGKILL to what is left. Never throws; its input does not end before. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const guarded = this.#guarded;
    const { stdin, stdout, stderr } = guarded;
    const gone = this.#exit.catch(() => undefined);
    if (!this.#isOver) {
      guarded.signal("SIGTERM");
      const waited = new AbortController();
      await Promise.race([
        gone,
        sleep(this.#killAfterMs, undefined, { signal: waited.signal }).catch(() => undefined),
      ]);
      waited.abort();
    }
    guarded.signal("SIGKILL");
    await gone;
    // What it said before it went is still to be read.
    if (!stdout.readableEnded)
      await Promise.race([once(stdout, "close").catch(() => undefined), sleep(AFTERGLOW_MS / 5)]);
    for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
  }
}
