import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import type { Compression } from "../config.ts";

/** Gathered before it is written. */
const WRITE_CHARACTERS = 128 * 1024;

type Compressor = ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress>;

/** A text file being written, compressed on the way. */
export class OutFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #compressor: Compressor | undefined;
  readonly #draining: Promise<void>;
  #gathered = "";
  #bytes = 0;

  private constructor(path: string, handle: FileHandle, compression: Compression) {
    this.path = path;
    this.#handle = handle;
    this.#compressor = compressorOf(compression);
    this.#draining = this.#compressor === undefined ? Promise.resolve() : this.#drain(this.#compressor);
    // Whoever writes or ends it sees the failure.
    this.#draining.catch(() => undefined);
  }

  static async open(path: string, compression: Compression): Promise<OutFile> {
    return new OutFile(path, await open(path, "wx"), compression);
  }

  /** Bytes on disk so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(text: string): Promise<void> {
    this.#gathered += text;
    if (this.#gathered.length >= WRITE_CHARACTERS) await this.#flush();
  }

  /** The file is whole and durable. */
  async end(): Promise<void> {
    try {
      await this.#flush();
      this.#compressor?.end();
      await this.#draining;
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  /** Never throws; the file stays for whoever removes its folder. */
  async discard(): Promise<void> {
    this.#compressor?.destroy();
    await this.#draining.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    if (this.#gathered === "") return;
    const bytes = Buffer.from(this.#gathered);
    this.#gathered = "";
    if (this.#compressor === undefined) return this.#append(bytes);
    if (this.#compressor.write(bytes)) return;
    await Promise.race([once(this.#compressor, "drain"), this.#draining]);
  }

  async #drain(compressor: Compressor): Promise<void> {
    for await (const chunk of compressor) await this.#append(chunk as Uint8Array);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.#handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
    this.#bytes += bytes.length;
  }
}

function compressorOf(compression: Compression): Compressor | undefined {
  if (compression === "gzip") return createGzip();
  return compression === "zstd" ? createZstdCompress() : undefined;
}
