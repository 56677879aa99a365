import type { WireColumn } from "@weir/protocol";
import { bytesOf } from "./automaton.ts";
import { JSON_DIGITS } from "./jsonl.ts";
import { type Digits, digitsOf } from "./values.ts";
import { type Code, code, giveBack, i32, local, repeat, v128, when } from "./wasm.ts";

export const TYPES = ["i32", "i32", "i32", "i32", "i32", "i32", "v128"] as const;
/** Where it is, where the bytes end, where the row began, the rows found; then what single values need. */
export const [at, end, row, count] = [local(0), local(1), local(2), local(3)];
const [mask, digits, bytes] = [local(4), local(5), local(6)];

/** Gives the row up, and with it all that follow. */
function unless(condition: Code): Code {
  return when(i32.not(condition), giveBack(row.get));
}

function forward(length: Code): Code {
  return at.set(i32.add(at.get, length));
}

function forwardBy(length: number): Code {
  return forward(i32.const(length));
}

function byteAt(place = 0): Code {
  return i32.load8(at.get, place);
}

function ascii(text: string): Code {
  return i32.const(Buffer.from(text).readUIntLE(0, text.length));
}

function is(text: string, place = 0): Code {
  return i32.eq(byteAt(place), ascii(text));
}

/** Whether a byte, or what is computed from bytes, lies between two, both taken. */
function within(number: Code, least: number, most: number): Code {
  return i32.not(i32.gt(i32.add(number, i32.const(-least)), i32.const(most - least)));
}

/** The text and nothing else, whatever its length. */
export function take(text: string): Code {
  const all = bytesOf(text);
  const differences: Code[] = [];
  for (let from = 0; from < all.length; from += 16) {
    // The last piece overlaps the one before it, where there is one.
    const start = Math.max(0, Math.min(from, all.length - 16));
    const piece = all.slice(start, start + 16);
    const wanted = v128.const(padded(piece, 0));
    const difference = v128.xor(v128.load(at.get, start), wanted);
    const used = padded(
      piece.map(() => 0xff),
      0,
    );
    differences.push(piece.length === 16 ? difference : v128.and(difference, v128.const(used)));
  }
  const any = differences.reduce((left, right) => v128.or(left, right));
  return code(unless(i32.not(v128.anyTrue(any))), forwardBy(all.length));
}

function padded(given: readonly number[], filler: number): readonly number[] {
  return Array.from({ length: 16 }, (_, index) => given[index] ?? filler);
}

function splat(filler: number): Code {
  return v128.const(padded([], filler));
}

export function lineEnd(): Code {
  return when(
    i32.eq(i32.load16(at.get), ascii("}\n")),
    forwardBy(2),
    code(unless(i32.eq(i32.and(i32.load(at.get), i32.const(0xffffff)), ascii("}\r\n"))), forwardBy(3)),
  );
}

export function valueOrNull(column: WireColumn): Code {
  return when(i32.eq(i32.load(at.get), ascii("null")), forwardBy(4), valueOf(column));
}

function valueOf(column: WireColumn): Code {
  const { kind } = column.field;
  switch (kind) {
    case "boolean":
      return when(
        i32.eq(i32.load(at.get), ascii("true")),
        forwardBy(4),
        code(unless(i32.eq(i32.load(at.get), ascii("fals"))), unless(is("e", 4)), forwardBy(5)),
      );
    case "integer":
      return numberOf({ ...digitsOf(column, JSON_DIGITS.integer), scale: 0 }, false);
    case "number":
      return numberOf(digitsOf(column, JSON_DIGITS.number), true);
    case "string":
      return quotedText();
    case "date":
      return quoted(date());
    case "time_without_timezone":
      return quoted(time());
    case "time_with_timezone":
      return quoted(code(time(), offset()));
    default: {
      const separator = code(unless(i32.or(is("T"), is(" "))), forwardBy(1));
      const whole = code(date(), separator, time());
      return quoted(kind === "timestamp_with_timezone" ? code(whole, offset()) : whole);
    }
  }
}

function quoted(content: Code): Code {
  return code(unless(is('"')), forwardBy(1), content, unless(is('"')), forwardBy(1));
}

/** Sees 16 bytes: what has more digits is left to the automaton. Only a fraction may follow a minus and a zero. */
function numberOf({ scale, total }: Digits, mayBeFraction: boolean): Code {
  const most = Math.min(total, 15);
  const zeros = mayBeFraction ? [] : [when(is("-"), unless(within(byteAt(1), 0x31, 0x39)))];
  const isDigit = v128.lt(v128.sub(v128.load(at.get), splat(0x30)), splat(10));
  // Ones beyond the 16 bits end every count.
  const readMask = mask.set(i32.xor(v128.bitmask(isDigit), i32.const(-1)));
  const whole = code(
    digits.set(i32.ctz(mask.get)),
    unless(within(digits.get, 1, most)),
    when(is("0"), unless(i32.eq(digits.get, i32.const(1)))),
  );
  const fraction = code(
    // What is shifted in from above 16 bits are ones, too: no more is seen than there is.
    mask.set(i32.shr(mask.get, i32.add(digits.get, i32.const(1)))),
    forward(i32.add(digits.get, i32.const(1))),
    unless(within(i32.ctz(mask.get), 1, scale)),
    unless(within(i32.add(digits.get, i32.ctz(mask.get)), 2, most)),
    forward(i32.ctz(mask.get)),
  );
  const hasPoint = i32.eq(i32.load8(i32.add(at.get, digits.get)), ascii("."));
  const rest =
    mayBeFraction && scale > 0 ? when(hasPoint, fraction, forward(digits.get)) : forward(digits.get);
  return code(...zeros, when(is("-"), forwardBy(1)), readMask, whole, rest);
}

/** Bytes that a text may hold are passed over until one may not; an escape goes on after it. */
function quotedText(): Code {
  const stops = v128.or(
    v128.or(v128.eq(bytes.get, splat(0x22)), v128.eq(bytes.get, splat(0x5c))),
    v128.lt(bytes.get, splat(0x20)),
  );
  const scan = repeat(
    code(
      bytes.set(v128.load(at.get)),
      mask.set(v128.bitmask(stops)),
      forward(i32.ctz(i32.or(mask.get, i32.const(0x10000)))),
    ),
    i32.not(mask.get),
  );
  const escaped = bytesOf('"\\/bfnrt')
    .map((letter) => i32.eq(byteAt(1), i32.const(letter)))
    .reduce((left, right) => i32.or(left, right));
  return code(
    unless(is('"')),
    forwardBy(1),
    repeat(
      code(scan, when(is("\\"), code(unless(escaped), forwardBy(2), mask.set(i32.const(0))))),
      i32.not(mask.get),
    ),
    unless(is('"')),
    forwardBy(1),
  );
}

/** Each byte of a short text between those of two others. */
function between(least: string, most: string): Code {
  const low = v128.const(padded(bytesOf(least), 0));
  const high = v128.const(padded(bytesOf(most), 0xff));
  const outside = v128.or(v128.lt(bytes.get, low), v128.gt(bytes.get, high));
  return code(bytes.set(v128.load(at.get)), unless(i32.not(v128.anyTrue(outside))));
}

/** Two digits that are known to be digits, as a number that has their order. */
function pair(place: number): Code {
  return i32.or(i32.shl(byteAt(place), i32.const(8)), byteAt(place + 1));
}

function pairWithin(place: number, least: string, most: string): Code {
  const order = (text: string): number => Buffer.from(text).readUInt16BE(0);
  return unless(within(pair(place), order(least), order(most)));
}

function date(): Code {
  return code(
    between("0000-00-00", "9999-19-39"),
    unless(i32.ne(i32.load(at.get), ascii("0000"))),
    pairWithin(5, "01", "12"),
    pairWithin(8, "01", "31"),
    forwardBy(10),
  );
}

function time(): Code {
  const isDigit = v128.lt(v128.sub(v128.load(at.get, 1), splat(0x30)), splat(10));
  const fraction = code(
    digits.set(i32.ctz(i32.xor(v128.bitmask(isDigit), i32.const(-1)))),
    unless(within(digits.get, 1, 6)),
    forward(i32.add(digits.get, i32.const(1))),
  );
  return code(
    between("00:00:00", "29:59:59"),
    pairWithin(0, "00", "23"),
    forwardBy(8),
    when(is("."), fraction),
  );
}

/** `Z` or `+HH[:MM]`. */
function offset(): Code {
  const minutes = code(between(":00", ":59"), forwardBy(3));
  const hours = code(
    unless(i32.or(is("+"), is("-"))),
    forwardBy(1),
    between("00", "19"),
    pairWithin(0, "00", "15"),
    forwardBy(2),
    when(is(":"), minutes),
  );
  return when(is("Z"), forwardBy(1), hours);
}
