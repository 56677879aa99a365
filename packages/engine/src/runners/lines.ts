import { isUtf8 } from "node:buffer";
import { mayRound } from "@weir/protocol";

/** A line without its end: text, or its bytes where they are not UTF-8. */
export type Line = string | Buffer;

export interface Lines {
  readonly lines: readonly Line[];
  /** The last of them had no end: the input ended in the middle of it. */
  readonly cut: boolean;
  /** A double holds every number in them. False where that is not known. */
  readonly plainNumbers: boolean;
}

const NEWLINE = 10;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Cuts bytes into lines, as many at a time as came together. Holds one chunk and one unfinished line; `tooLong` makes the
 * error for a line of more than `limit` bytes, of which no more is kept.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  limit: number,
  tooLong: () => Error,
): AsyncGenerator<Lines> {
  let rest: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE);
    const first = end === -1 ? chunk.length : chunk.indexOf(NEWLINE);
    if (held + first > limit) throw tooLong();
    if (end === -1) {
      rest.push(chunk);
      held += chunk.length;
      continue;
    }
    const whole = chunk.subarray(0, end);
    yield { ...split(rest.length === 0 ? whole : Buffer.concat([...rest, whole])), cut: false };
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
    held = chunk.length - end - 1;
  }
  if (held > 0) yield { ...split(Buffer.concat(rest)), cut: true };
}

/** One decoding for all lines is ten times as fast as one for each, and one look at their numbers six times. */
function split(bytes: Buffer): Omit<Lines, "cut"> {
  if (isUtf8(bytes))
    return { lines: bytes.toString().split("\n").map(withoutMark), plainNumbers: !mayRound(bytes) };
  const lines: Line[] = [];
  for (let from = 0; from <= bytes.length;) {
    const at = bytes.indexOf(NEWLINE, from);
    const line = bytes.subarray(from, at === -1 ? bytes.length : at);
    lines.push(isUtf8(line) ? withoutMark(line.toString()) : line);
    from = at === -1 ? bytes.length + 1 : at + 1;
  }
  return { lines, plainNumbers: false };
}

function withoutMark(line: string): string {
  return line.charCodeAt(0) === BYTE_ORDER_MARK ? line.slice(1) : line;
}
