import type { Message } from "@weir/protocol";

/** Messages waiting beyond this make their sender wait. */
const ROOM = 1024;

/** How long a connector may take to end after an abort, in milliseconds; then it is left behind. */
const GRACE_MS = 800;

/**
 * What a connector says, on its way to whoever listens. Senders and the listener run side by side: a log line comes
 * through while a query is waited for, and a listener that is slow slows the sender down.
 */
export class Outbox {
  #waiting: Message[] = [];
  #filled = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();
  #isDeserted = false;

  /** A promise where the sender must wait, until the listener has come back for more. */
  push(message: Message): Promise<void> | undefined {
    return this.pushAll([message]);
  }

  pushAll(messages: readonly Message[]): Promise<void> | undefined {
    for (const message of messages) this.#waiting.push(message);
    this.#filled.resolve();
    return this.#waiting.length >= ROOM && !this.#isDeserted ? this.#taken.promise : undefined;
  }

  /** Returns when the listener has taken the message and come back for more. */
  async hand(message: Message): Promise<void> {
    const taken = this.#taken.promise;
    void this.push(message);
    if (!this.#isDeserted) await taken;
  }

  /**
   * Everything sent until `work` is over, in its order; then fails as `work` did. `stop` is called when the listener has
   * gone. Ends within a second of an abort, whatever `work` does.
   */
  async *batches(
    work: Promise<void>,
    signal: AbortSignal,
    stop: () => void,
  ): AsyncGenerator<readonly Message[]> {
    let outcome: { readonly error?: unknown } | undefined;
    const over = work
      .then(
        () => (outcome ??= {}),
        (error: unknown) => (outcome ??= { error }),
      )
      .then(() => this.#filled.resolve());
    const late = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      // Whoever waits to be heard must go on, to see that it is to end.
      this.#isDeserted = true;
      this.#taken.resolve();
      timer = setTimeout(() => {
        outcome ??= { error: signal.reason as unknown };
        this.#filled.resolve();
        late.resolve();
      }, GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const batch = this.#waiting;
          const taken = this.#taken;
          this.#waiting = [];
          this.#taken = Promise.withResolvers();
          yield batch;
          taken.resolve();
        } else if (outcome === undefined) {
          await this.#filled.promise;
          this.#filled = Promise.withResolvers();
        } else {
          break;
        }
      }
    } finally {
      stop();
      await Promise.race([over, late.promise]);
      signal.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    }
    if (outcome !== undefined && "error" in outcome) throw outcome.error;
  }
}
