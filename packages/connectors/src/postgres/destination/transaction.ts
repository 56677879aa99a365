import type {
  CsvDialect,
  FencingToken,
  LoadRequest,
  LoadResult,
  LoadTransaction,
  StoredCheckpoint,
} from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { BatchLoad } from "./batch-load.ts";
import { type ByteRoute, loadBytes } from "./byte-load.ts";
import { CsvLineWriter } from "./csv-lines.ts";
import type { StageDefaults } from "./defaults.ts";
import { putCheckpoints } from "./ledger.ts";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID } from "./names.ts";
import { LineWriter } from "./lines.ts";
import { Progress } from "./progress.ts";
import type { MetaTexts } from "./row-meta.ts";
import { SETTLE } from "./settle.ts";
import type { Sessions } from "./sessions.ts";
import { columnList, literal, tableText } from "./sql.ts";
import type { Target } from "./tables.ts";
import { TupleWriter } from "./tuples.ts";

export interface TransactionScene {
  readonly sessions: Sessions;
  readonly connection: string;
  readonly token: FencingToken;
  readonly defaults: StageDefaults;
  readonly signal: AbortSignal;
  target(stream: LoadRequest["stream"]): Target;
}

const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; ${SETTLE}`;

/** Takes a session and begins at the server with the first load or commit. */
export class PostgresTransaction implements LoadTransaction {
  readonly #scene: TransactionScene;
  #session: Session | undefined;
  #over = false;
  readonly #cut = (): void => this.#session?.cut();

  constructor(scene: TransactionScene) {
    this.#scene = scene;
    scene.signal.addEventListener("abort", this.#cut, { once: true });
  }

  async load(request: LoadRequest): Promise<LoadResult> {
    const target = this.#scene.target(request.stream);
    const session = await this.#begun();
    try {
      return await this.#load(session, target, request);
    } catch (error) {
      throw this.#reason(error, request.signal);
    }
  }

  async #load(session: Session, target: Target, request: LoadRequest): Promise<LoadResult> {
    const { read, encoding, signal } = request;
    // The signal of one load may be narrower than the transaction's.
    signal.addEventListener("abort", this.#cut, { once: true });
    try {
      if (read.form === "bytes")
        return await loadBytes(
          session,
          await this.#route(target, request, read.file?.csv),
          read.chunks,
          request,
        );
      const load = new BatchLoad({ session, target, request, sql: copySql(target, encoding.format) });
      const progress = new Progress(request);
      let bytes = 0;
      for await (const batch of read.chunks) {
        signal.throwIfAborted();
        await load.add(batch);
        bytes += batch.bytes;
        progress.add(batch.rows, batch.bytes);
      }
      await load.flush();
      progress.flush();
      const { received, written, rejected, changed } = load;
      return { received, written, rejected, changed, bytes };
    } finally {
      signal.removeEventListener("abort", this.#cut);
    }
  }

  async #route(target: Target, { encoding, meta }: LoadRequest, csv?: CsvDialect): Promise<ByteRoute> {
    if (csv !== undefined) {
      const texts = await this.#scene.defaults.given(target, meta);
      return { sql: copyFileSql(target, csv, texts), writer: (out) => new CsvLineWriter(out, texts, csv) };
    }
    const Writer = encoding.format === "pg-binary" ? TupleWriter : LineWriter;
    const columns = encoding.columns.length;
    return { sql: copySql(target, encoding.format), writer: (out) => new Writer(out, meta, columns) };
  }

  async commit(checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    const { connection, token, signal } = this.#scene;
    const session = await this.#begun();
    try {
      await putCheckpoints(session, connection, token, checkpoints);
      // When the line breaks here nobody knows whether it happened; the error says retry, and `held` says the truth.
      await session.query("COMMIT");
    } catch (error) {
      throw this.#reason(error, signal);
    }
    this.#end(true);
  }

  async rollback(): Promise<void> {
    if (this.#over) return;
    const session = this.#session;
    let fine = false;
    if (session !== undefined && !this.#scene.signal.aborted) {
      fine = await session.query("ROLLBACK").then(
        () => true,
        () => false,
      );
    }
    this.#end(fine);
  }

  async #begun(): Promise<Session> {
    const { sessions, signal } = this.#scene;
    signal.throwIfAborted();
    if (this.#session !== undefined) return this.#session;
    this.#session = await sessions.take();
    try {
      signal.throwIfAborted();
      await this.#session.query(BEGIN);
    } catch (error) {
      throw this.#reason(error, signal);
    }
    return this.#session;
  }

  /** Cutting the line makes every call fail; why it was cut is what the caller wants to know. */
  #reason(error: unknown, signal: AbortSignal): unknown {
    return [this.#scene.signal, signal].find(({ aborted }) => aborted)?.reason ?? error;
  }

  #end(fine: boolean): void {
    this.#over = true;
    const { sessions, signal } = this.#scene;
    signal.removeEventListener("abort", this.#cut);
    if (this.#session === undefined) return;
    if (fine) sessions.giveBack(this.#session);
    else sessions.drop(this.#session);
    this.#session = undefined;
  }
}

function copySql({ load, columns }: Target, format: string): string {
  const names = [RAW_ID, EXTRACTED_AT, META, GENERATION_ID, ...columns.map(({ name }) => name)];
  const options = format === "pg-binary" ? "FORMAT binary" : "FORMAT text";
  return `COPY ${tableText(load)} (${columnList(names)}) FROM STDIN (${options})`;
}

/** COPY has a column for each value of a line, in the file's order. */
function copyFileSql({ load, columns }: Target, dialect: CsvDialect, texts: MetaTexts): string {
  const byField = new Map(columns.map(({ field, name }) => [field.name, name]));
  const names = dialect.columns.map((field) => (field === null ? undefined : byField.get(field)));
  const known = names.filter((name) => name !== undefined);
  if (known.length < names.length || known.length < columns.length || dialect.quote === "") {
    throw new WeirError({
      code: "destination.bytes_refused",
      message: "The file's columns are not those of the table.",
      next: "Nothing: the part is loaded again row by row.",
      recovery: "skip",
      origin: "destination",
    });
  }
  const list = columnList([...texts.keys(), ...known]);
  const options = `DELIMITER ${literal(dialect.delimiter)}, QUOTE ${literal(dialect.quote)}, NULL ${literal(dialect.null)}`;
  return `COPY ${tableText(load)} (${list}) FROM STDIN (FORMAT csv, ${options})`;
}
