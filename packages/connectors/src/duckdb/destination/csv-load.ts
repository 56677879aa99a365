import type { LoadRequest, LoadResult, PartRead } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { atExit } from "./at-exit.ts";
import type { LoadScene } from "./batch-load.ts";
import { duckdbError, isMisfitError } from "./failures.ts";
import { breakPipe, freeReader, PipeWriter, type Pipes } from "./fifo.ts";
import { insertSql } from "./insert.ts";
import { literal } from "./sql.ts";
import { type ColumnType, typeSql } from "./types.ts";

type Bytes = Extract<PartRead, { readonly form: "bytes" }>;

/** Longer lines go by the typed route. DuckDB's own limit is 2 MB; half its buffer costs nothing. */
const MAX_LINE_BYTES = 16_000_000;

/** DuckDB's own. With 8 MB two loads hold 100 MB less, and take a tenth longer. */
const BUFFER_BYTES = 32_000_000;

const PROGRESS_BYTES = 4 * 1024 * 1024;

/** DuckDB skips one byte order mark; it skips this one, and not one that belongs to the first value. */
const BYTE_ORDER_MARK = new Uint8Array([0xef, 0xbb, 0xbf]);

/** Gives DuckDB's own CSV reader the bytes through a named pipe, in one INSERT. */
export async function loadCsv(
  scene: LoadScene,
  pipes: Pipes,
  request: LoadRequest,
  read: Bytes,
): Promise<LoadResult> {
  if (request.encoding.format !== "csv") throw new TypeError(`not CSV of a pipe: ${request.encoding.format}`);
  const path = await pipes.take(request.signal);
  const load = new CsvLoad(scene, path, request, read);
  const stay = atExit(() => load.abandon());
  try {
    const { written, bytes } = await load.run();
    const counted = read.rows();
    if (written !== counted)
      throw misfit(request, `The source sent ${counted} rows, DuckDB read ${written}.`);
    request.progress(written, 0);
    return { received: written, written, rejected: 0, changed: 0, bytes };
  } finally {
    stay();
    pipes.giveBack(path);
  }
}

class CsvLoad {
  readonly #scene: LoadScene;
  readonly #path: string;
  readonly #request: LoadRequest;
  readonly #read: Bytes;
  #writer: PipeWriter | undefined;
  /** The source came to its end. */
  #ended = false;

  constructor(scene: LoadScene, path: string, request: LoadRequest, read: Bytes) {
    this.#scene = scene;
    this.#path = path;
    this.#request = request;
    this.#read = read;
  }

  async run(): Promise<{ readonly written: number; readonly bytes: number }> {
    const { link, target } = this.#scene;
    const { signal } = this.#request;
    const stop = new AbortController();
    const ending = AbortSignal.any([signal, stop.signal]);
    const values = target.columns.map(({ type }, index) => valueSql(`c${index}`, type).sql);
    const sql = insertSql(target, this.#request, {
      values,
      from: this.#source(),
    });
    const insert = link.runRaw(sql, ending);
    const over = (): void => stop.abort();
    insert.then(over, over);
    let bytes: number;
    try {
      bytes = await this.#pump(ending);
    } catch (error) {
      stop.abort();
      await freeReader(this.#path, insert);
      signal.throwIfAborted();
      throw error;
    }
    // The query is over, or will be: it must not wait for bytes that nobody writes.
    if (!this.#ended) await freeReader(this.#path, insert);
    let written: number;
    try {
      written = await insert;
    } catch (error) {
      signal.throwIfAborted();
      if (isMisfitError(error)) throw misfit(this.#request, plainReason(error), error);
      throw duckdbError(error, this.#scene.path);
    }
    signal.throwIfAborted();
    if (!this.#ended) throw misfit(this.#request, "DuckDB's query ended before the bytes did.");
    return { written, bytes };
  }

  /** Moves the bytes until the source ends or the query is over. */
  async #pump(ending: AbortSignal): Promise<number> {
    const { signal } = this.#request;
    const writer = await PipeWriter.open(this.#path, ending);
    if (writer === undefined) {
      signal.throwIfAborted();
      return 0;
    }
    this.#writer = writer;
    const chunks = this.#read.chunks[Symbol.asyncIterator]();
    let bytes = 0;
    let told = 0;
    try {
      signal.throwIfAborted();
      await writer.write(BYTE_ORDER_MARK);
      for (;;) {
        const item = await unless(ending, chunks.next());
        signal.throwIfAborted();
        this.#ended = item?.done === true;
        if (item === undefined || item.done === true) break;
        bytes += item.value.byteLength;
        if (bytes - told >= PROGRESS_BYTES) {
          this.#request.progress(0, bytes - told);
          told = bytes;
        }
        if (!(await writer.write(item.value))) break;
      }
      if (this.#ended) await writer.end();
      this.#request.progress(0, bytes - told);
      return bytes;
    } finally {
      if (!this.#ended) await writer.close();
      const left = this.#ended ? undefined : chunks.return?.();
      // A source that is told to stop ends by itself.
      left?.catch(() => undefined);
      if (!signal.aborted) await left;
    }
  }

  /** Lets the query go, at the end of the process. */
  abandon(): void {
    breakPipe(this.#path, this.#writer);
  }

  /** Strict: what does not parse fails, and nothing is guessed. */
  #source(): string {
    const columns = this.#scene.target.columns.map(
      ({ type }, index) => `'c${index}': '${valueSql("", type).readAs}'`,
    );
    const options = [
      "auto_detect = false, header = false, strict_mode = true, null_padding = false, ignore_errors = false",
      `delim = ',', quote = '"', escape = '"', new_line = '\\n'`,
      "nullstr = '\\N', allow_quoted_nulls = false",
      `max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${BUFFER_BYTES}`,
      `columns = {${columns.join(", ")}}`,
    ];
    return `read_csv(${literal(this.#path)}, ${options.join(", ")})`;
  }
}

/** What the promise gives, or undefined when the signal aborts first. */
function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * Types that DuckDB's CSV reader must not read itself. It makes NULL of a text that is no TIMESTAMPTZ or TIMETZ, and
 * DATE, TIME and TIMETZ end where the text no longer fits: `0044-03-15 BC` becomes a day after Christ, all without a
 * word. A cast fails on the first, the conditions here on the rest; `%` is the text.
 */
const CAST_AFTERWARDS: Partial<Readonly<Record<ColumnType["base"], string>>> = {
  // The years 1 to 9999 and the infinities.
  DATE: "strlen(%) <= 10",
  TIME: "CAST(CAST(% AS TIME) AS VARCHAR) = %",
  TIMETZ: "CAST(CAST(% AS TIMETZ) AS VARCHAR) = %",
  // Years of four digits and the infinities: far off, the calendar it uses counts in doubles and is a millisecond out.
  TIMESTAMPTZ: "(substr(%, 5, 1) = '-' OR ends_with(%, 'infinity'))",
};

interface ValueSql {
  readonly sql: string;
  /** The type the CSV reader itself makes of the text. */
  readonly readAs: string;
}

/** How a column that comes as canonical text is read and made a value. */
export function valueSql(column: string, type: ColumnType): ValueSql {
  const condition = CAST_AFTERWARDS[type.base];
  if (condition === undefined) return { sql: column, readAs: typeSql(type) };
  const value = `CAST(${column} AS ${typeSql(type)})`;
  // NULL meets no condition and needs none.
  const isGood = `${column} IS NULL OR ${condition.replaceAll("%", column)}`;
  const message = literal(`Column ${column} has no plain ${type.base}`);
  return { sql: `CASE WHEN ${isGood} THEN ${value} ELSE error(${message}) END`, readAs: "VARCHAR" };
}

/** What DuckDB found, without the line it quotes. */
export function plainReason(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  const column = /[cC]olumn "?c(\d+)/.exec(text)?.[1];
  return column === undefined
    ? "DuckDB cannot read the CSV."
    : `A value of column ${Number(column) + 1} does not fit its type.`;
}

export function misfit({ stream }: LoadRequest, message: string, cause?: unknown): WeirError {
  return new WeirError(
    {
      code: "destination.bytes_refused",
      message,
      next: "Nothing: the part is loaded again row by row, and what does not fit is marked.",
      recovery: "skip",
      origin: "destination",
      stream: stream.key,
    },
    { cause },
  );
}
