import { MAY_ROUND } from "../json.ts";
import { SCAN } from "./scan.wasm.ts";

/** What this file needs of the global that the types of Node leave to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Scanner {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** See scan.wat. */
  next(at: number, end: number, run: number): number;
}

/** Fits the pipe's 64 KiB and half a line of rest before it. The scanner's memory has room for it and 16 blanks. */
const WINDOW = 262_144;
const BLOCK = 16;
const BLANK = 32;
/** What is longer than this is worth looking at line by line. */
const LONGEST = 64;

let made: { readonly scanner: Scanner; readonly bytes: Uint8Array } | undefined;

function scanning(): NonNullable<typeof made> {
  if (made !== undefined) return made;
  const module = new WebAssembly.Module(Buffer.from(SCAN, "base64"));
  const scanner = new WebAssembly.Instance(module).exports as Scanner;
  made = { scanner, bytes: new Uint8Array(scanner.memory.buffer) };
  return made;
}

/**
 * Whether some number in these JSON lines may round in a double, so that `parseJson` has to look at them one by one.
 * False is certain, true is not. 0.1 µs for a line of 380 bytes, a sixth of what the regular expression takes.
 */
export function mayRound(json: Uint8Array): boolean {
  const { scanner, bytes } = scanning();
  // Hexadecimal ids look like exponents: where there are many, looking at each costs more than looking line by line.
  let patience = 8 + json.length / 128;
  for (let start = 0; start < json.length; start += WINDOW) {
    const end = Math.min(start + WINDOW, json.length);
    bytes.set(json.subarray(start, end));
    bytes.fill(BLANK, end - start, end - start + BLOCK);
    let run = digitsBefore(json, start);
    for (let at = start; ;) {
      const found = scanner.next(at - start, end - start, run);
      if (found === -1) break;
      const block = start + found;
      patience -= 1;
      if (patience < 0 || isNumber(json, block)) return true;
      at = Math.min(block + BLOCK, end);
      run = digitsBefore(json, at);
      if (run < BLOCK - 1) continue;
      // The digits of a text, seen to its beginning.
      while (at < end && isDigit(json[at])) at += 1;
      run = 1;
    }
  }
  return false;
}

/** Whether what was found in a block belongs to a number, not to a text. */
function isNumber(json: Uint8Array, block: number): boolean {
  let from = block;
  while (from > 0 && (isDigit(json[from - 1]) || isBetween(json[from - 1]))) from -= 1;
  if (block - from > LONGEST) return true;
  const around = json.subarray(Math.max(0, from - 1), block + 3 * BLOCK);
  return MAY_ROUND.test(Buffer.from(around).toString("latin1"));
}

/** A sign, or a blank of any kind: what may stand between a number and the `:`, `,` or `[` that it follows. */
function isBetween(byte: number | undefined): boolean {
  return byte === 45 || byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);
}

function digitsBefore(json: Uint8Array, at: number): number {
  let count = 0;
  while (count < BLOCK && isDigit(json[at - 1 - count])) count += 1;
  return count;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 48 && byte <= 57) || byte === 46);
}
