/** Room at the head of each buffer for the five bytes of the CopyData message it becomes. */
const HEADER = 5;
const SIZE = 256 * 1024;
/** A UTF-16 unit takes at most three bytes, and two such texts fit into a buffer. */
const TEXT_UNITS = 32 * 1024;

/** Larger pieces of the input are sent from where they lie. */
const PASS_BYTES = 32 * 1024;

/**
 * Bytes on their way to the server, put together in buffers that are used again once they are sent. Writers put bytes
 * at `at` in `buffer` after `room`, and move `at`.
 */
export class Outbox {
  buffer: Buffer;
  at = HEADER;
  /** Whole CopyData messages, to be sent in this order. */
  #ready: Buffer[] = [];
  #text = "";
  readonly #free: Buffer[] = [];
  readonly #own = new WeakSet<ArrayBufferLike>();

  constructor() {
    this.buffer = this.#fresh();
  }

  /** Makes sure that `bytes`, fewer than a buffer holds, can be put at `at`. */
  room(bytes: number): void {
    if (this.at + bytes > SIZE) this.#turn();
  }

  /** Puts a piece of the input, copied when it is small. What is not copied must stay as it is until it is sent. */
  put(piece: Buffer, from: number, to: number): void {
    const bytes = to - from;
    if (bytes <= PASS_BYTES) {
      this.room(bytes);
      piece.copy(this.buffer, this.at, from, to);
      this.at += bytes;
      return;
    }
    this.#turn();
    const header = Buffer.allocUnsafe(HEADER);
    writeHeader(header, bytes);
    this.#ready.push(header, piece.subarray(from, to));
  }

  /** Puts text, gathered so that many short pieces make one write. */
  text(text: string): void {
    if (text.length <= TEXT_UNITS) {
      this.#text += text;
      if (this.#text.length > TEXT_UNITS) this.#flushText();
      return;
    }
    this.#flushText();
    const bytes = Buffer.from(text);
    this.put(bytes, 0, bytes.length);
  }

  #flushText(): void {
    if (this.#text === "") return;
    this.room(this.#text.length * 3);
    this.at += this.buffer.write(this.#text, this.at, "utf8");
    this.#text = "";
  }

  #fresh(): Buffer {
    const buffer = Buffer.allocUnsafeSlow(SIZE);
    this.#own.add(buffer.buffer);
    return buffer;
  }

  #turn(): void {
    if (this.at > HEADER) {
      writeHeader(this.buffer, this.at - HEADER);
      this.#ready.push(this.buffer.subarray(0, this.at));
      this.buffer = this.#free.pop() ?? this.#fresh();
    }
    this.at = HEADER;
  }

  /** Forgets what has not been taken. */
  clear(): void {
    this.#text = "";
    this.#ready = [];
    this.at = HEADER;
  }

  /** Whether there are messages to take. */
  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  /** The messages that are full; at the end (`all`) the last one too. */
  take(all: boolean): readonly Buffer[] {
    if (all) {
      this.#flushText();
      this.#turn();
    }
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  /** Gives back what `take` gave, once the socket needs it no more. */
  sent(messages: readonly Buffer[]): void {
    for (const { buffer } of messages) {
      if (this.#own.has(buffer) && this.#free.length < 4) this.#free.push(Buffer.from(buffer));
    }
  }
}

function writeHeader(buffer: Buffer, bytes: number): void {
  buffer[0] = 0x64;
  buffer.writeUInt32BE(bytes + 4, 1);
}
