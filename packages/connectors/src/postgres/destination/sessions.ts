import type { Session } from "../connection.ts";

/** Sessions that are used again one after the other. What failed is cut and never given again. */
export class Sessions {
  readonly #open: () => Promise<Session>;
  readonly #idle: Session[] = [];
  readonly #used = new Set<Session>();
  #closed = false;

  constructor(open: () => Promise<Session>) {
    this.#open = open;
  }

  async take(): Promise<Session> {
    const session = this.#idle.pop() ?? (await this.#open());
    this.#used.add(session);
    return session;
  }

  /** The session is in order and in no transaction. */
  giveBack(session: Session): void {
    this.#used.delete(session);
    if (this.#closed) session.cut();
    else this.#idle.push(session);
  }

  drop(session: Session): void {
    this.#used.delete(session);
    session.cut();
  }

  /** Runs something on a session; it is cut when the signal aborts, or when what ran failed. */
  async with<T>(signal: AbortSignal, act: (session: Session) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const session = await this.take();
    const cut = (): void => session.cut();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const result = await act(session);
      this.giveBack(session);
      return result;
    } catch (error) {
      this.drop(session);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  /** Process ids of the open sessions at the server. */
  get pids(): readonly string[] {
    return [...this.#idle, ...this.#used].map(({ client }) =>
      String((client as unknown as { readonly processID: number }).processID),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#used) session.cut();
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }
}
