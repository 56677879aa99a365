import type {
  BeginRequest,
  DestinationCapabilities,
  DestinationSession,
  Encoding,
  FinishRequest,
  Held,
  LoadTransaction,
  Measure,
  MeasureRequest,
  MissingColumns,
  OpenDestination,
  SchemaNote,
  StoredCheckpoint,
  StreamPlan,
} from "@weir/protocol";
import { openSession, type Session } from "../connection.ts";
import type { ConnectionConfig } from "../connection-fields.ts";
import { begin } from "./begin.ts";
import { StageDefaults } from "./defaults.ts";
import { encodingsFor } from "./encodings.ts";
import { finish } from "./finish.ts";
import { putCheckpoints, readHeld, resetCheckpoints } from "./ledger.ts";
import { measure } from "./measure.ts";
import { columnNames, hash, tableName } from "./names.ts";
import { Sessions } from "./sessions.ts";
import { tableText, textArray } from "./sql.ts";
import type { Target } from "./tables.ts";
import { PostgresTransaction, type TransactionScene } from "./transaction.ts";
import type { NativeTypes } from "./types.ts";

export interface DestinationConfig extends ConnectionConfig {
  readonly schema: string;
  readonly parallel: number;
}

/** How long a command outside of a load waits for a lock; begin.ts and finish.ts say what comes then. */
const LOCK_TIMEOUT = "3s";

/** Settings that decide how text is read and written, and the name by which sessions of one connection are known. */
export function sessionSettings(connection: string): Readonly<Record<string, string>> {
  return {
    TimeZone: "UTC",
    DateStyle: "ISO, YMD",
    IntervalStyle: "postgres",
    standard_conforming_strings: "on",
    extra_float_digits: "1",
    lock_timeout: LOCK_TIMEOUT,
    application_name: `weir ${hash(connection, 16)}`,
  };
}

const MISSING = `
SELECT given.at FROM unnest($1::text[]) WITH ORDINALITY AS given (name, at) WHERE to_regclass(given.name) IS NULL`;

const MISSING_COLUMNS = `
SELECT given.at, given.nth
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (at, nth, name, attname)
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS attribute
  WHERE attribute.attrelid = to_regclass(given.name) AND attribute.attname = given.attname AND NOT attribute.attisdropped
)`;

type OpenPostgres = Omit<OpenDestination, "config"> & { readonly config: DestinationConfig };

export async function openPostgres(request: OpenPostgres): Promise<DestinationSession> {
  const { config, connection, context } = request;
  const open = (): Promise<Session> =>
    openSession(config, {
      origin: "destination",
      settings: sessionSettings(connection),
      signal: context.signal,
    });
  const sessions = new Sessions(open);
  // A server that cannot be reached is known now, and the first call finds its session open.
  sessions.giveBack(await sessions.take());
  return new PostgresSession(request, sessions);
}

class PostgresSession implements DestinationSession {
  readonly capabilities: DestinationCapabilities;
  readonly #request: OpenPostgres;
  readonly #sessions: Sessions;
  readonly #targets = new Map<string, Target>();
  /** Of changes nobody was told of yet. */
  readonly #notes: SchemaNote[] = [];
  #natives: NativeTypes = new Map();
  #fence: Pick<TransactionScene, "token" | "defaults"> | undefined;

  constructor(request: OpenPostgres, sessions: Sessions) {
    this.#request = request;
    this.#sessions = sessions;
    this.capabilities = {
      transactional: true,
      parallel: request.config.parallel,
      modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
    };
  }

  held(): Promise<Held> {
    return this.#with((session) => readHeld(session, this.#request.connection));
  }

  async begin(request: BeginRequest): Promise<readonly SchemaNote[]> {
    const { connection, context, config } = this.#request;
    const scene = {
      connection,
      context,
      defaultSchema: config.schema,
      pids: () => this.#sessions.pids,
      changed: (notes: readonly SchemaNote[]) => void this.#notes.push(...notes),
    };
    const { preparations, natives } = await this.#with((session) => begin(session, scene, request));
    const { token } = request;
    this.#fence = {
      token,
      defaults: new StageDefaults({ connection, token, with: (act) => this.#with(act) }),
    };
    this.#natives = new Map([...this.#natives, ...natives]);
    for (const { target } of preparations) this.#targets.set(target.plan.key, target);
    return this.#notes.splice(0);
  }

  async missing(streams: readonly StreamPlan[]): Promise<readonly string[]> {
    const { schema } = this.#request.config;
    const names = streams.map((stream) => tableText(tableName(stream, schema)));
    const rows = await this.#with((session) =>
      session.query<{ readonly at: string }>(MISSING, [textArray(names)]),
    );
    return rows.flatMap(({ at }) => streams[Number(at) - 1]?.key ?? []);
  }

  async missingColumns(streams: readonly StreamPlan[]): Promise<readonly MissingColumns[]> {
    const { schema } = this.#request.config;
    const columns = streams.flatMap((stream, at) =>
      [...columnNames(stream)].map(([, column], nth) => ({
        at: String(at),
        nth: String(nth),
        table: tableText(tableName(stream, schema)),
        column,
      })),
    );
    const rows = await this.#with((session) =>
      session.query<{ readonly at: string; readonly nth: string }>(MISSING_COLUMNS, [
        textArray(columns.map(({ at }) => at)),
        textArray(columns.map(({ nth }) => nth)),
        textArray(columns.map(({ table }) => table)),
        textArray(columns.map(({ column }) => column)),
      ]),
    );
    return streams.map((stream, at) => ({
      stream: stream.key,
      fields: rows.flatMap((row) =>
        Number(row.at) === at ? [stream.fields[Number(row.nth)]?.name ?? ""] : [],
      ),
    }));
  }

  takes(stream: StreamPlan): readonly Encoding[] {
    return encodingsFor(this.#target(stream), this.#natives);
  }

  async transaction(signal: AbortSignal): Promise<LoadTransaction> {
    signal.throwIfAborted();
    return new PostgresTransaction({
      ...this.#fenceTaken(),
      sessions: this.#sessions,
      connection: this.#request.connection,
      signal,
      target: (stream) => this.#target(stream),
    });
  }

  finish(request: FinishRequest): Promise<void> {
    const target = this.#target(request.stream);
    const { token } = this.#fenceTaken();
    const { connection } = this.#request;
    const seal = (session: Session): Promise<void> =>
      putCheckpoints(session, connection, token, [request.checkpoint]);
    return this.#sessions.with(request.signal, (session) => finish({ session, target, request, seal }));
  }

  reset(
    checkpoints: readonly {
      readonly stream: string;
      readonly document: StoredCheckpoint["document"] | null;
    }[],
  ): Promise<void> {
    return this.#with((session) => resetCheckpoints(session, this.#request.connection, checkpoints));
  }

  measure(stream: StreamPlan, request: MeasureRequest): Promise<Measure> {
    const table = tableName(stream, this.#request.config.schema);
    return this.#sessions.with(request.signal, (session) => measure(session, table, stream, request));
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }

  #with<T>(act: (session: Session) => Promise<T>): Promise<T> {
    return this.#sessions.with(this.#request.context.signal, act);
  }

  #target(stream: StreamPlan): Target {
    const target = this.#targets.get(stream.key);
    if (target === undefined) throw new Error(`Stream ${stream.key} was not begun`);
    return target;
  }

  #fenceTaken(): Pick<TransactionScene, "token" | "defaults"> {
    if (this.#fence === undefined) throw new Error("No fence was taken");
    return this.#fence;
  }
}
