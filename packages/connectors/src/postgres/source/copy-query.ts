import type { Client, Connection } from "pg";

/** What may wait for a slow consumer before the socket is paused. */
const AHEAD_BYTES = 256 * 1024;

/** Letters that begin the server's messages. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
/** CopyOutResponse, Notice, ParameterStatus, Notification: of no interest here. */
const PASSING: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]);
const HEADER_BYTES = 5;

type Receive = (chunk: Buffer) => void;

/**
 * One `COPY … TO STDOUT` on a client: iterate for its bytes, then read `rows`. It takes the socket's data for as long as
 * the copy lasts, and cuts the 5 bytes before each row out in place: for 2 million rows of text that saves
 * half of the 1.3 s of CPU that a stream of buffers takes. The client cannot be used again if the iteration is given up.
 */
export class CopyQuery implements AsyncIterable<Buffer> {
  /** The server's own count, once the iteration has ended. */
  rows = 0;
  readonly #text: string;
  readonly #ready: Buffer[] = [];
  #readyBytes = 0;
  #error: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;
  #connection: Connection | undefined;
  /** The driver's own listener, while this one stands in its place. */
  #driver: Receive | undefined;
  /** Of the current message: bytes of its header that have come, bytes of its body to come, and whether it is data. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #bodyBytes = 0;
  #isData = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Runs the query; errors come from the iteration. */
  static run(client: Client, text: string): CopyQuery {
    return client.query(new CopyQuery(text));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#ready.shift();
      if (chunk !== undefined) {
        this.#readyBytes -= chunk.length;
        if (this.#readyBytes < AHEAD_BYTES / 2) this.#connection?.stream.resume();
        yield chunk;
      } else if (this.#error !== undefined) {
        throw this.#error;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Called by the driver when it is this query's turn. */
  submit(connection: Connection): void {
    const listeners = connection.stream.listeners("data") as Receive[];
    const [driver] = listeners;
    if (driver === undefined || listeners.length > 1)
      throw new Error("the driver's socket has another reader");
    this.#connection = connection;
    this.#driver = driver;
    connection.stream.removeListener("data", driver);
    connection.stream.on("data", this.#receive);
    connection.query(this.#text);
  }

  handleError(error: Error): void {
    this.#giveBack();
    this.#error = error;
    this.#wake?.();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.rows = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#wake?.();
  }

  readonly #receive: Receive = (chunk) => {
    let at = 0;
    let kept = 0;
    while (at < chunk.length) {
      if (this.#bodyBytes > 0) {
        const stop = Math.min(chunk.length, at + this.#bodyBytes);
        if (this.#isData) {
          chunk.copyWithin(kept, at, stop);
          kept += stop - at;
        }
        this.#bodyBytes -= stop - at;
        at = stop;
        continue;
      }
      at = this.#readHeader(chunk, at);
      if (this.#headerBytes < HEADER_BYTES) break;
      this.#headerBytes = 0;
      const code = this.#header[0] ?? 0;
      this.#isData = code === COPY_DATA;
      this.#bodyBytes = this.#header.readUInt32BE(1) - 4;
      if (this.#isData || PASSING.has(code)) continue;
      this.#keep(chunk.subarray(0, kept));
      // The end, or an error: the driver understands what follows.
      const rest = chunk.subarray(at);
      const driver = this.#giveBack();
      driver?.(code === COPY_DONE ? rest : Buffer.concat([this.#header, rest]));
      return;
    }
    this.#keep(chunk.subarray(0, kept));
  };

  /** Takes what has come of a header; returns where it stopped. */
  #readHeader(chunk: Buffer, from: number): number {
    const stop = Math.min(chunk.length, from + HEADER_BYTES - this.#headerBytes);
    for (let at = from; at < stop; at += 1) {
      this.#header[this.#headerBytes] = chunk[at] ?? 0;
      this.#headerBytes += 1;
    }
    return stop;
  }

  #keep(data: Buffer): void {
    if (data.length === 0) return;
    this.#ready.push(data);
    this.#readyBytes += data.length;
    if (this.#readyBytes >= AHEAD_BYTES) this.#connection?.stream.pause();
    this.#wake?.();
  }

  /** The driver listens again. */
  #giveBack(): Receive | undefined {
    const driver = this.#driver;
    this.#driver = undefined;
    if (driver === undefined) return undefined;
    const stream = this.#connection?.stream;
    stream?.removeListener("data", this.#receive);
    stream?.on("data", driver);
    stream?.resume();
    return driver;
  }
}
