import type { Client, Connection, Submittable } from "pg";
import type { Session } from "../connection.ts";

/** COPY done and failed as messages of the protocol; the text of the failure is "stopped". */
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);
const COPY_FAIL = Buffer.concat([Buffer.from([0x66, 0, 0, 0, 12]), Buffer.from("stopped\0")]);

interface Socket {
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean;
}

/**
 * One COPY … FROM STDIN. It writes to the socket itself: the driver's stream for this makes two writes of every chunk and
 * does not say when a buffer may be used again.
 */
export class CopyIn {
  readonly #session: Session;
  readonly #socket: Socket;
  readonly #submitted = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #failure: Error | undefined;
  #rows = 0;

  private constructor(session: Session) {
    this.#session = session;
    this.#socket = socketOf(session.client);
    // Each is awaited where it matters; a failure after the last wait is no unhandled one.
    this.#submitted.promise.catch(() => {});
    this.#done.promise.catch(() => {});
  }

  /**
   * `sql` ends with the COPY; statements before it are run first. Data may follow at once, without waiting for the server
   * to be ready for it: when it is not, because `sql` fails, it passes over the data and the failure is told by the next
   * call.
   */
  static async start(session: Session, sql: string): Promise<CopyIn> {
    const copy = new CopyIn(session);
    session.client.query(copy.#submittable(sql));
    await copy.#submitted.promise;
    return copy;
  }

  /** Sends whole messages; resolves when their memory may be used again, rejects as soon as the server refuses. */
  async send(messages: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const last = messages.length - 1;
    if (last < 0) return;
    const written = new Promise<void>((resolve, reject) => {
      messages.forEach((message, at) => {
        if (at < last) this.#socket.write(message);
        else
          this.#socket.write(message, (error) => (error ? reject(this.#session.failure(error)) : resolve()));
      });
    });
    await Promise.race([written, this.#done.promise]);
  }

  /** Ends the COPY and returns the number of rows the server says it has written. */
  async finish(): Promise<number> {
    if (this.#failure === undefined) this.#socket.write(COPY_DONE);
    await this.#done.promise;
    return this.#rows;
  }

  /** Gives the COPY up; the session can go on with ROLLBACK. Never throws. */
  async abandon(): Promise<void> {
    if (this.#failure === undefined) this.#socket.write(COPY_FAIL);
    await this.#done.promise.catch(() => {});
  }

  #submittable(sql: string): Submittable {
    const fail = (error: Error): void => {
      this.#failure ??= this.#session.failure(error);
      this.#submitted.reject(this.#failure);
      this.#done.reject(this.#failure);
    };
    const query = {
      submit: (connection: Connection) => {
        connection.query(sql);
        this.#submitted.resolve();
      },
      handleCopyInResponse: () => {},
      handleCommandComplete: ({ text }: { readonly text: string }) => {
        const rows = /^COPY (\d+)$/.exec(text)?.[1];
        if (rows !== undefined) this.#rows = Number(rows);
      },
      handleReadyForQuery: () => this.#done.resolve(),
      handleError: fail,
      // Statements before the COPY answer nothing that matters.
      handleRowDescription: () => {},
      handleDataRow: () => {},
      handleEmptyQuery: () => {},
    };
    return query;
  }
}

/** The socket, which `pg` holds in a field its types do not name. */
function socketOf(client: Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}
