import { inflateRawSync } from "node:zlib";
import { undecodable } from "./text-stream.ts";

/** The largest file, and all files of one ZIP together, unpacked. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_FILES = 10_000;

export interface ZippedFile {
  readonly name: string;
  content(): AsyncIterable<Uint8Array>;
}

/** The files that the central directory of a ZIP names, in its order, folders left out. */
export function* unzipped(zip: Uint8Array): Generator<ZippedFile> {
  const view = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = view.subarray(Math.max(0, view.length - 65_557)).lastIndexOf("PK\u0005\u0006");
  if (end < 0) throw undecodable("The response is no ZIP file.");
  const start = Math.max(0, view.length - 65_557) + end;
  const count = read16(view, start + 10);
  let at = read32(view, start + 16);
  if (count > MAX_FILES || count === 0xffff) throw undecodable("The ZIP file has too many files.");
  let left = MAX_BYTES;
  for (let file = 0; file < count; file++) {
    if (read32(view, at) !== 0x02014b50) throw undecodable("The directory of the ZIP file is broken.");
    const nameLength = read16(view, at + 28);
    const name = view.toString("utf8", at + 46, at + 46 + nameLength);
    if (!name.endsWith("/")) {
      const content = entry(view, at, left);
      left -= content.byteLength;
      yield { name, content: () => once(content) };
    }
    at += 46 + nameLength + read16(view, at + 30) + read16(view, at + 32);
  }
}

function entry(view: Buffer, at: number, left: number): Uint8Array {
  const method = read16(view, at + 10);
  const packedSize = read32(view, at + 20);
  const size = read32(view, at + 24);
  const local = read32(view, at + 42);
  if ((read16(view, at + 8) & 1) !== 0) throw undecodable("The ZIP file is encrypted.");
  if (size > left) throw undecodable(`The ZIP file unpacks to more than ${MAX_BYTES / 1024 / 1024} MiB.`);
  const from = local + 30 + read16(view, local + 26) + read16(view, local + 28);
  const packed = view.subarray(from, from + packedSize);
  if (packed.length !== packedSize) throw undecodable("The ZIP file is cut off.");
  if (method === 0) return packed;
  if (method !== 8) throw undecodable("The ZIP file is packed in a way that is not known.");
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw undecodable("A file in the ZIP file cannot be unpacked.", error);
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content);
}

function read16(view: Buffer, at: number): number {
  if (at + 2 > view.length) throw undecodable("The ZIP file is cut off.");
  return view.readUInt16LE(at);
}

function read32(view: Buffer, at: number): number {
  if (at + 4 > view.length) throw undecodable("The ZIP file is cut off.");
  return view.readUInt32LE(at);
}
