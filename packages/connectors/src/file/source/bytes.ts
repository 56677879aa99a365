import type { Gunzip, ZstdDecompress } from "node:zlib";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { WeirError } from "@weir/protocol";
import { fileError } from "./failures.ts";
import type { FoundFile } from "./found.ts";
import { httpBytes } from "./http.ts";
import { openFound, reasonOf } from "./local.ts";

/** Read at a time: rows of a chunk become one batch, and 256 KB of them fit the caches. */
const CHUNK_BYTES = 256 * 1024;

export interface ByteRange {
  readonly from: number;
  /** Not among them. */
  readonly to: number;
}

export interface ByteOptions {
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Of a local file that is not compressed. */
  readonly range?: ByteRange | undefined;
  /**
   * Chunks hold their bytes only until the next is asked for. A new one each time costs 0.5 ms: its pages, and a garbage
   * collector that counts them.
   */
  readonly isBrief?: boolean | undefined;
}

/** The bytes of a file as it lies there. Fails when it is not, at the start and at the end, the one that was found. */
export async function* rawBytes(file: FoundFile, options: ByteOptions): AsyncGenerator<Uint8Array> {
  if (file.place.kind === "http") return yield* httpBytes(file, options.token, options.signal);
  const opened = await openFound(file);
  try {
    const { from, to } = options.range ?? { from: 0, to: opened.size };
    let spare = Buffer.alloc(0);
    let last = spare;
    const bufferOf = (length: number): Buffer => {
      if (options.isBrief !== true) return Buffer.allocUnsafeSlow(length);
      // One is read into while the other is used.
      [spare, last] = [last, spare.length < length ? Buffer.allocUnsafeSlow(length) : spare];
      return last.subarray(0, length);
    };
    const read = async (at: number): Promise<Uint8Array> => {
      const length = Math.min(CHUNK_BYTES, to - at);
      const buffer = bufferOf(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await opened.handle.read(buffer, filled, length - filled, at + filled);
        if (bytesRead === 0) throw fileError("file_changed", file.name);
        filled += bytesRead;
      }
      return buffer;
    };
    let at = from;
    let next = at < to ? read(at) : undefined;
    while (next !== undefined) {
      const chunk: Uint8Array = await next;
      options.signal.throwIfAborted();
      at += chunk.length;
      // The next one is read while this one is used.
      next = at < to ? read(at) : undefined;
      next?.catch(() => undefined);
      yield chunk;
    }
    await opened.verify();
  } catch (cause) {
    options.signal.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    throw fileError("file_unreadable", file.name, { what: reasonOf(cause), cause });
  } finally {
    await opened.close();
  }
}

export type Compression = "gzip" | "zstd" | "none";

/** By the first bytes: names lie, and servers unpack on the way. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return "none";
}

/** The bytes of a file, unpacked. */
export async function* plainBytes(file: FoundFile, options: ByteOptions): AsyncGenerator<Uint8Array> {
  const raw = rawBytes(file, options);
  if (options.range !== undefined) return yield* raw;
  const [head, all] = await peeked(raw, 4);
  const compression = compressionOf(head);
  const named = /\.(gz|zst|zstd)$/i.exec(file.key.split("#")[0] ?? "")?.[1]?.toLowerCase();
  if (named !== undefined && compression === "none" && file.place.kind === "local" && head.length < 4) {
    await all.return(undefined);
    throw fileError("file_cut", file.name, { what: "it is too short for a compressed file" });
  }
  yield* compression === "none" ? all : unpacked(file, all, compression, options.signal);
}

/** At least `length` first bytes where there are as many, and all bytes. */
async function peeked(
  chunks: AsyncGenerator<Uint8Array>,
  length: number,
): Promise<readonly [Uint8Array, AsyncGenerator<Uint8Array>]> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < length) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    bytes += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* taken;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return [Buffer.concat(taken.map((chunk) => chunk.subarray(0, length))).subarray(0, length), all()];
}

async function* unpacked(
  file: FoundFile,
  chunks: AsyncGenerator<Uint8Array>,
  compression: "gzip" | "zstd",
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    const feed = new Feed(chunks, compression);
    while (await feed.begins()) {
      signal.throwIfAborted();
      const unpack =
        compression === "gzip"
          ? createGunzip({ chunkSize: CHUNK_BYTES })
          : createZstdDecompress({ chunkSize: CHUNK_BYTES });
      const fed = feed.into(unpack).catch((error: unknown) => {
        unpack.destroy(error as Error);
        throw error;
      });
      fed.catch(() => undefined);
      try {
        for await (const chunk of unpack as AsyncIterable<Uint8Array>) yield chunk;
      } finally {
        unpack.destroy();
      }
      await fed;
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    throw fileError("file_cut", file.name, { what: `its ${compression} data is cut short or broken`, cause });
  } finally {
    await chunks.return(undefined).catch(() => undefined);
  }
}

/** Compressed bytes on their way, frame by frame: Node's zstd stops after the first one without a word. */
class Feed {
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #compression: "gzip" | "zstd";
  #rest: Uint8Array | undefined;
  #over = false;

  constructor(chunks: AsyncGenerator<Uint8Array>, compression: "gzip" | "zstd") {
    this.#chunks = chunks;
    this.#compression = compression;
  }

  /** Whether there is another frame. */
  async begins(): Promise<boolean> {
    this.#rest ??= await this.#next();
    return this.#rest !== undefined;
  }

  /** Writes one frame and ends the stream. */
  async into(unpack: Gunzip | ZstdDecompress): Promise<void> {
    let written = 0;
    for (;;) {
      const chunk = this.#rest ?? (await this.#next());
      this.#rest = undefined;
      if (chunk === undefined) break;
      await new Promise<void>((resolve, reject) => {
        unpack.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
      written += chunk.length;
      const left = written - unpack.bytesWritten;
      if (left > 0) {
        const rest = chunk.subarray(chunk.length - left);
        if (this.#compression === "zstd") this.#rest = rest;
        else await this.#padding(rest);
        break;
      }
    }
    unpack.end();
  }

  /** gzip files may be filled up with zeros. */
  async #padding(rest: Uint8Array): Promise<void> {
    for (let chunk: Uint8Array | undefined = rest; chunk !== undefined; chunk = await this.#next()) {
      if (chunk.some((byte) => byte !== 0)) throw new Error("other bytes follow the compressed ones");
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#over) return undefined;
    const next = await this.#chunks.next();
    this.#over = next.done === true;
    return next.done === true ? undefined : next.value;
  }
}
