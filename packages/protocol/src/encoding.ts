import type { ColumnBatch } from "./batch.ts";
import type { Field } from "./field.ts";

/**
 * How the rows of one stream travel from a source to a destination.
 *
 * A destination offers the encodings it takes for a stream, a source's reader says which of them it gives, the engine
 * picks the cheapest. A route never changes a result: what a byte route cannot carry exactly must fail with recovery
 * `skip`, whereupon the engine replays the part as `batch`, which every source gives and every destination takes.
 *
 * - `pg-binary`, `pg-text`: the stream of PostgreSQL's COPY in that format (binary with header and trailer), the
 *   columns cast by the source to `WireColumn.type`, a PostgreSQL type name such as `int8` or `numeric`.
 * - `csv`: UTF-8 RFC 4180 lines ending in \n without a header, NULL as unquoted `\N`; a text equal to `\N` is quoted.
 * - `csv-file`, `jsonl-file`: the bytes of a file as it lies there, in UTF-8; `FileRead` says how it is written. The source
 *   looks every row through: values of all kinds but string are canonical, or the read fails with recovery `skip`. So it
 *   does in JSONL for members whose name repeats, and for values that are not of their field's kind (a number for a string).
 * - `batch`: column batches.
 *
 * Canonical text, in `csv` and in batch columns of form `text`:
 * - boolean `t`/`f` or `true`/`false`; integer: digits with an optional minus;
 * - number: digits with optional fraction and exponent, `NaN`, `Infinity`, `-Infinity`;
 * - date `YYYY-MM-DD`; timestamps `YYYY-MM-DD HH:MM:SS[.ffffff]` (`T` or blank between), with a zone an offset
 *   `+HH[:MM[:SS]]` or `Z`; time likewise; years of five or more digits plain, years before 1 with ` BC` at the end;
 *   `infinity` and `-infinity` where the source has them;
 * - object, array, union, unknown: JSON text; string: itself.
 */
export type EncodingFormat = "pg-binary" | "pg-text" | "csv" | "csv-file" | "jsonl-file" | "batch";

export interface WireColumn {
  readonly field: Field;
  /**
   * pg-binary, pg-text: the PostgreSQL type the source must cast to. csv: `DECIMAL(p,s)` where a scale binds. batch: the
   * column's type at the destination; a source that has this very type may give a value that JSON cannot say (an array
   * with bounds, `[0:1]={5,6}`) as the type's own text.
   */
  readonly type: string;
}

export interface Encoding {
  readonly format: EncodingFormat;
  /** The columns in the order they travel. */
  readonly columns: readonly WireColumn[];
  /** Relative CPU cost for each row at the destination: bytes untouched 1, batch 4. */
  readonly cost: number;
  /**
   * With `csv-file` and `jsonl-file`: the destination reads `FileRead.path` itself, and of the chunks it takes no more than
   * their length. The source may write over a chunk once it is asked for the next.
   */
  readonly readsPath?: boolean | undefined;
}

/** The rows of one part on their way; exactly one consumer, once. */
export type PartRead =
  | {
      readonly form: "bytes";
      readonly chunks: AsyncIterable<Uint8Array>;
      rows(): number;
      /** Only and always with `csv-file` and `jsonl-file`. */
      readonly file?: FileRead | undefined;
    }
  | { readonly form: "batches"; readonly chunks: AsyncIterable<ColumnBatch>; rows(): number };
// `rows()` is what the source itself counted (for COPY the server's own count); valid once `chunks` has ended.

/** A file on its way as it is. */
export interface FileRead {
  /**
   * Where exactly the bytes of `chunks` lie on this machine's disk: a path that stays this very file whatever happens to its
   * name, such as that of an open descriptor. Absent where there is none. A destination that reads the path itself drains
   * `chunks` all the same, then awaits `unchanged` before it commits.
   */
  readonly path?: string | undefined;
  /** Called when `chunks` and the destination's own reading have ended; fails when the file changed meanwhile. */
  unchanged(): Promise<void>;
  /** With `csv-file`. */
  readonly csv?: CsvDialect | undefined;
}

/**
 * How a CSV file is written. Lines end in \n or \r\n, one or the other in the whole file; none is blank, all have the
 * same number of fields, and there is no byte order mark. A file or row that is otherwise, and one whose quoted text equals
 * `null`, is not given as it is.
 */
export interface CsvDialect {
  /** Fields of the stream in the file's order; null for a column that is not selected. */
  readonly columns: readonly (string | null)[];
  /** Lines to pass over at the start: the header. */
  readonly skip: number;
  /** One ASCII character. */
  readonly delimiter: string;
  /** One ASCII character, doubled inside quotes. Empty: nothing is quoted. */
  readonly quote: string;
  readonly lineEnd: "\n" | "\r\n";
  /** The one unquoted text that is NULL, often empty. */
  readonly null: string;
}
