import type { Message } from "@weir/protocol";

/** Messages that come up while something is waited for, such as a server that limits how often it may be asked. */
export class Outbox {
  #waiting: Message[] = [];
  #arrival = Promise.withResolvers<void>();

  push(message: Message): void {
    this.#waiting.push(message);
    this.#arrival.resolve();
  }

  take(): readonly Message[] {
    const taken = this.#waiting;
    if (taken.length === 0) return taken;
    this.#waiting = [];
    this.#arrival = Promise.withResolvers<void>();
    return taken;
  }

  /** Resolves as soon as there is something to take. */
  arrived(): Promise<void> {
    return this.#arrival.promise;
  }
}

/** The items with what the outbox got in between, at once: also while the next item is waited for. */
export async function* withOutbox(
  batches: AsyncGenerator<readonly Message[]>,
  outbox: Outbox,
): AsyncGenerator<readonly Message[]> {
  let next = batches.next();
  try {
    for (;;) {
      const step = await Promise.race([next, outbox.arrived()]);
      const extra = outbox.take();
      if (extra.length > 0) yield extra;
      if (step === undefined) continue;
      if (step.done === true) return;
      yield step.value;
      next = batches.next();
    }
  } finally {
    next.catch(() => {});
    await batches.return(undefined);
  }
}
