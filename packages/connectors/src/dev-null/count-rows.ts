import type { EncodingFormat } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

/** Counts the rows of a byte stream given in pieces that end anywhere. */
export interface RowCounter {
  add(chunk: Uint8Array): void;
  /** Rows that have begun so far. */
  readonly rows: number;
  /** Rows in all; fails with `destination.bytes_unreadable` when the stream ends inside a row. */
  end(): number;
}

export function rowCounter(format: Exclude<EncodingFormat, "batch">): RowCounter {
  switch (format) {
    case "pg-binary":
      return tupleCounter();
    case "pg-text":
      return lineCounter(false);
    default:
      return lineCounter(true);
  }
}

const NEWLINE = 10;
const QUOTE = 34;

/** COPY's text escapes every newline inside a value; in CSV only those between quotes do not end a row. */
function lineCounter(quotes: boolean): RowCounter {
  let rows = 0;
  let last = NEWLINE;
  let quoted = false;
  return {
    add: (chunk) => {
      for (const byte of chunk) {
        if (byte === QUOTE && quotes) quoted = !quoted;
        else if (byte === NEWLINE && !quoted) rows += 1;
      }
      last = chunk.at(-1) ?? last;
    },
    get rows() {
      return rows;
    },
    end: () => {
      if (quoted || last !== NEWLINE) throw unreadable("it ends inside a row");
      return rows;
    },
  };
}

const SIGNATURE = Uint8Array.from([80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0]);

/** Signature, 32 bits of flags, length of the extension: what stands before the first tuple. */
const HEADER_BYTES = 19;

/**
 * Walks COPY's binary form: for each tuple a 16-bit count of fields, for each field a 32-bit length and that many bytes,
 * -1 for NULL; a count of -1 ends the stream. Numbers are put together byte by byte, as any of them may be cut in two.
 */
function tupleCounter(): RowCounter {
  let state: "header" | "tuple" | "field" | "over" = "header";
  let rows = 0;
  let fields = 0;
  let skip = 0;
  let seen = 0;
  let number = 0;

  const header = (byte: number): void => {
    if (seen < SIGNATURE.length && byte !== SIGNATURE[seen])
      throw unreadable("it does not begin as COPY binary does");
    number = (number << 8) | byte;
    seen += 1;
    if (seen < HEADER_BYTES) return;
    skip = number;
    next("tuple");
  };
  const next = (to: typeof state): void => {
    state = to;
    seen = 0;
    number = 0;
  };
  const tuple = (byte: number): void => {
    number = (number << 8) | byte;
    seen += 1;
    if (seen < 2) return;
    fields = number;
    if (fields === 0xffff) return next("over");
    rows += 1;
    next(fields === 0 ? "tuple" : "field");
  };
  const fieldLength = (length: number): void => {
    if (length < -1) throw unreadable("a field has a negative length");
    skip = Math.max(0, length);
    fields -= 1;
    next(fields === 0 ? "tuple" : "field");
  };
  const field = (byte: number): void => {
    number = (number << 8) | byte;
    seen += 1;
    if (seen === 4) fieldLength(number);
  };

  return {
    add: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const skipped = Math.min(skip, chunk.length - at);
          skip -= skipped;
          at += skipped;
          continue;
        }
        // Lengths that lie in one piece, nearly all of them, are read at once.
        if (state === "field" && seen === 0 && at + 4 <= chunk.length) {
          fieldLength(int32(chunk, at));
          at += 4;
          continue;
        }
        const byte = chunk[at++] ?? 0;
        if (state === "field") field(byte);
        else if (state === "tuple") tuple(byte);
        else if (state === "header") header(byte);
        else throw unreadable("bytes follow its end");
      }
    },
    get rows() {
      return rows;
    },
    end: () => {
      if (state !== "over" || skip > 0) throw unreadable("it ends before its trailer");
      return rows;
    },
  };
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

function unreadable(what: string): WeirError {
  return new WeirError({
    code: "destination.bytes_unreadable",
    message: `The bytes of a part are not what its encoding says: ${what}.`,
    next: "Run again; if it repeats, report it with the log.",
    recovery: "retry",
    origin: "destination",
  });
}
