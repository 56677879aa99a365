import { createGunzip } from "node:zlib";
import { undecodable } from "./text-stream.ts";
import { through } from "./through.ts";

/** A body may grow this many times once it is longer than FREE_BYTES. Reports grow 10 to 50 times, a bomb 1000 times. */
const MAX_RATIO = 250;
const FREE_BYTES = 64 * 1024 * 1024;
/** No response has more. */
const MAX_BYTES = 64 * 1024 * 1024 * 1024;

/** A gzip file unpacked as it comes; what does not begin as one passes as it is. */
export async function* gunzipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.byteLength < 2) {
    const next = await source.next();
    if (next.done === true) break;
    head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  let packed = 0;
  const all = (async function* () {
    packed += head.byteLength;
    yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      packed += next.value.byteLength;
      yield next.value;
    }
  })();
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* all;
    return;
  }
  const unpacked = through(all, createGunzip());
  let size = 0;
  try {
    for await (const chunk of unpacked) {
      size += chunk.byteLength;
      if (size > MAX_BYTES || (size > FREE_BYTES && size > packed * MAX_RATIO))
        throw undecodable("A gzip file unpacks to more than any file should.");
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw undecodable("The response is no sound gzip file.", error);
    throw error;
  }
}
