import type { Duplex } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { through } from "./through.ts";

/** More encodings on top of each other are no honest answer. */
const MAX_LAYERS = 3;

/** A body with its Content-Encoding undone; what names no known encoding stays as it is. */
export function decompressed(body: AsyncIterable<Uint8Array>, encoding: string): AsyncIterable<Uint8Array> {
  const layers = encoding
    .toLowerCase()
    .split(",")
    .map((layer) => layer.trim())
    .filter((layer) => layer !== "" && layer !== "identity")
    .toReversed();
  return layers.slice(0, MAX_LAYERS).reduce(unpacked, body);
}

/** The first bytes decide: an empty body is no broken one, and deflate comes with and without its wrapping. */
async function* unpacked(body: AsyncIterable<Uint8Array>, layer: string): AsyncGenerator<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let first = await source.next();
  while (first.done !== true && first.value.byteLength === 0) first = await source.next();
  if (first.done === true) return;
  const head = first.value;
  const rest = (async function* () {
    yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  })();
  const unpacker = unpackerOf(layer, head);
  if (unpacker === null) yield* rest;
  else yield* through(rest, unpacker);
}

function unpackerOf(layer: string, head: Uint8Array): Duplex | null {
  switch (layer) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return ((head[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    default:
      return null;
  }
}
