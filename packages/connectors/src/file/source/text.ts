import { isAscii, isUtf8 } from "node:buffer";
import type { TextEncoding } from "./config.ts";
import { fileError } from "./failures.ts";

/** Decoded text; `suspect` when some of it could not be decoded: half surrogates stand for those bytes. */
export interface TextChunk {
  readonly text: string;
  readonly suspect: boolean;
}

type Decode = (bytes: Buffer, last: boolean) => TextChunk;

/**
 * Decodes the bytes of one file, at whatever places they are cut. The byte order mark is taken off; bytes that do not begin
 * the file (`middle`) have none.
 */
export async function* textOf(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  encoding: TextEncoding,
  middle = false,
): AsyncGenerator<TextChunk> {
  let decode = middle ? decoderOf(name, encoding === "auto" ? "utf-8" : encoding) : undefined;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (decode !== undefined) {
      yield decode(bytes, false);
      continue;
    }
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    if (held.length < 4) continue;
    const begun = begin(name, held, encoding);
    ({ decode } = begun);
    yield decode(begun.rest, false);
  }
  if (decode === undefined) {
    const begun = begin(name, held, encoding);
    ({ decode } = begun);
    yield decode(begun.rest, false);
  }
  const end = decode(Buffer.alloc(0), true);
  if (end.text !== "") yield end;
}

interface Begun {
  readonly decode: Decode;
  readonly rest: Buffer;
}

function begin(name: string, head: Buffer, encoding: TextEncoding): Begun {
  const mark = markOf(head);
  if (mark?.encoding === "utf-32") {
    throw fileError("not_text", name, { what: "it is UTF-32, which is not read" });
  }
  const wanted = encoding === "auto" ? (mark?.encoding ?? "utf-8") : encoding;
  const rest = mark !== undefined && mark.encoding === wanted ? head.subarray(mark.length) : head;
  return { decode: decoderOf(name, wanted), rest };
}

interface Mark {
  readonly encoding: Exclude<TextEncoding, "auto"> | "utf-32";
  readonly length: number;
}

export function markOf(head: Uint8Array): Mark | undefined {
  const [a, b, c, d] = head;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: "utf-8", length: 3 };
  if (a === 0xff && b === 0xfe) {
    return c === 0 && d === 0 ? { encoding: "utf-32", length: 4 } : { encoding: "utf-16le", length: 2 };
  }
  if (a === 0xfe && b === 0xff) return { encoding: "utf-16be", length: 2 };
  return undefined;
}

function decoderOf(name: string, encoding: Exclude<TextEncoding, "auto">): Decode {
  switch (encoding) {
    case "utf-8":
      return utf8();
    case "utf-16le":
      return utf16(name, false);
    case "utf-16be":
      return utf16(name, true);
    case "iso-8859-1":
      return (bytes) => ({ text: bytes.toString("latin1"), suspect: false });
    case "windows-1252": {
      const decoder = new TextDecoder("windows-1252");
      return (bytes, last) => ({ text: decoder.decode(bytes, { stream: !last }), suspect: false });
    }
  }
}

function utf8(): Decode {
  let left: Buffer = Buffer.alloc(0);
  return (chunk, last) => {
    const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    const end = last ? bytes.length : wholeUtf8(bytes);
    left = end === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(end));
    const whole = bytes.subarray(0, end);
    // One byte for each character, which halves the memory and is twice as fast to search.
    if (isAscii(whole)) return { text: whole.toString("latin1"), suspect: false };
    if (isUtf8(whole)) return { text: whole.toString("utf8"), suspect: false };
    return { text: escaped(whole), suspect: true };
  };
}

/** Length without a character that is not there to its end. */
export function wholeUtf8(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needs > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Bytes that are no UTF-8 as half surrogates U+DC80 to U+DCFF, which no UTF-8 gives: the rows they are in are known by them. */
function escaped(bytes: Buffer): string {
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterAt(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += bytes.toString("utf8", from, at) + String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at += 1;
    from = at;
  }
  return text + bytes.toString("utf8", from);
}

/** Bytes of the character at `at`; 0 when there is none. */
function characterAt(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte < 0x80) return 1;
  const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

function utf16(name: string, swap: boolean): Decode {
  let left: Buffer = Buffer.alloc(0);
  return (chunk, last) => {
    const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    let end = bytes.length - (bytes.length % 2);
    if (last && end !== bytes.length) {
      throw fileError("file_cut", name, { what: "it ends in the middle of a character" });
    }
    // The second half of a pair may be in the next chunk.
    const high = end >= 2 ? (bytes[end - (swap ? 2 : 1)] ?? 0) : 0;
    if (!last && high >= 0xd8 && high <= 0xdb) end -= 2;
    left = Buffer.from(bytes.subarray(end));
    const whole = swap ? Buffer.from(bytes.subarray(0, end)).swap16() : bytes.subarray(0, end);
    const text = whole.toString("utf16le");
    return { text, suspect: !text.isWellFormed() };
  };
}
