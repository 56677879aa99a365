import { type Duplex, pipeline, Readable } from "node:stream";

/** Bytes sent through a stream that unpacks them. A failure of either is one of the result; leaving early ends both. */
export function through(source: AsyncIterable<Uint8Array>, unpacker: Duplex): AsyncIterable<Uint8Array> {
  // The iteration below meets the failure; without a callback it would be thrown where nobody stands.
  pipeline(Readable.from(source, { objectMode: false }), unpacker, () => undefined);
  return unpacker;
}
