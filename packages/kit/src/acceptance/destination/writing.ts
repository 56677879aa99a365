import type { Message, StateMessage } from "@weir/protocol";
import { expect } from "../expect.ts";
import { killAll } from "../processes.ts";

/** How long a destination may take to acknowledge a state, in milliseconds. */
const PATIENCE_MS = 20_000;

/** A `write` in the making: messages are sent one by one, and it can be killed. */
export class Writing {
  readonly #input: Message[] = [];
  readonly #messages: Message[] = [];
  readonly #stop = new AbortController();
  readonly #over: Promise<void>;
  readonly #groups: (() => readonly number[]) | undefined;
  #isEnded = false;
  #wake = Promise.withResolvers<void>();
  #heard = Promise.withResolvers<void>();
  #error: unknown;

  constructor(
    run: (messages: AsyncIterable<Message>, signal: AbortSignal) => AsyncIterable<Message>,
    groups?: () => readonly number[],
  ) {
    this.#groups = groups;
    this.#over = (async () => {
      try {
        for await (const message of run(this.#read(), this.#stop.signal)) {
          this.#messages.push(message);
          this.#tell();
        }
      } catch (error) {
        this.#error = error;
      } finally {
        this.#isEnded = true;
        this.#tell();
      }
    })();
  }

  get error(): unknown {
    return this.#error;
  }

  get states(): readonly StateMessage[] {
    return this.#messages.filter((message) => message.type === "STATE");
  }

  send(...messages: readonly Message[]): void {
    this.#input.push(...messages);
    this.#wake.resolve();
  }

  /** Waits until this many states have come back. */
  async acknowledged(count: number): Promise<readonly StateMessage[]> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.states.length < count && !this.#isEnded && performance.now() < deadline) {
      const later = Promise.withResolvers<void>();
      const timer = setTimeout(() => later.resolve(), 200);
      await Promise.race([this.#heard.promise, later.promise]);
      clearTimeout(timer);
    }
    const seen = this.states.length;
    expect(seen >= count, `${seen} of ${count} states came back${this.#said()}`);
    return this.states;
  }

  /** Ends it without the end of its input, as a crash would: an executable by SIGKILL. Returns how many were killed. */
  async kill(): Promise<number> {
    const groups = this.#groups?.() ?? [];
    killAll(groups);
    this.#stop.abort(new Error("killed"));
    await this.#over;
    return groups.length;
  }

  #said(): string {
    if (this.#error === undefined) return "";
    return `: ${this.#error instanceof Error ? this.#error.message : "it failed"}`;
  }

  #tell(): void {
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }

  async *#read(): AsyncGenerator<Message> {
    for (;;) {
      const next = this.#input.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (this.#stop.signal.aborted) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}
