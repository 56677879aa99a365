import { parseConfig } from "@weir/kit";
import { testContext, testPostgres } from "@weir/kit/testing";
import type {
  Column,
  ColumnBatch,
  DestinationSession,
  EncodingFormat,
  Field,
  FieldKind,
  JsonObject,
  LoadResult,
  LoadTransaction,
  PartRead,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import { streamKey, systemClock } from "@weir/protocol";
import type { Client } from "pg";
import { to } from "pg-copy-streams";
import { onTestFinished } from "vitest";
import { destinationPostgres } from "../src/postgres/destination.ts";

export const never = new AbortController().signal;

/** A new database and a connection to it, closed when the test is over. */
export interface Database {
  readonly url: string;
  readonly client: Client;
  /** One more connection. */
  connect(): Promise<Client>;
  /** Runs SQL on `client`; values are the server's text. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, string | null>[]>;
}

export async function newDatabase(): Promise<Database> {
  const url = await testPostgres();
  const { default: pg } = await import("pg");
  const connect = async (): Promise<Client> => {
    const client = new pg.Client({
      connectionString: url,
      types: { getTypeParser: () => (text: string) => text },
    });
    client.on("error", () => {});
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  };
  const client = await connect();
  return {
    url,
    client,
    connect,
    sql: async (text, values) => {
      const result = await client.query<Record<string, string | null>>(text, values && [...values]);
      return Array.isArray(result) ? [] : result.rows;
    },
  };
}

export interface OpenOptions {
  readonly connection?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly config?: JsonObject | undefined;
}

export async function openDestination(url: string, options: OpenOptions = {}): Promise<DestinationSession> {
  return destinationPostgres.open({
    config: destinationConfig(url, options.config),
    connection: options.connection ?? "test",
    context: testContext({ clock: systemClock, signal: options.signal ?? never }),
  });
}

export function destinationConfig(url: string, overrides: JsonObject = {}): JsonObject {
  const { hostname, port, username, password, pathname } = new URL(url);
  const value = {
    host: hostname,
    port: Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    username,
    password,
    ...overrides,
  };
  return parseConfig(destinationPostgres.spec.connectionSpecification, value, "config").config;
}

/** Fields by name and kind: `{ id: "integer" }`. */
export function fields(kinds: Readonly<Record<string, FieldKind>>): readonly Field[] {
  return Object.entries(kinds).map(([name, kind]) => ({ name, kind }));
}

export function planOf(parts: Partial<StreamPlan> & Pick<StreamPlan, "table" | "fields">): StreamPlan {
  return {
    key: streamKey(parts.table),
    primaryKey: [],
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...parts,
  };
}

function columnsOf(list: readonly Field[], rows: readonly JsonObject[]): readonly Column[] {
  return list.map(({ name }) => ({ form: "json", values: rows.map((row) => row[name]) }));
}

export function batchRead(batches: readonly ColumnBatch[]): PartRead {
  return {
    form: "batches",
    rows: () => batches.reduce((sum, { rows }) => sum + rows, 0),
    chunks: (async function* () {
      yield* batches;
    })(),
  };
}

/** Rows as one batch, in the form that says least about them. */
export function rowsRead(plan: StreamPlan, rows: readonly JsonObject[]): PartRead {
  return batchRead([{ rows: rows.length, columns: columnsOf(plan.fields, rows), bytes: rows.length * 50 }]);
}

/** What the server's COPY of a query gives. */
export function copyRead(client: Client, query: string, format: EncodingFormat): PartRead {
  let rows = 0;
  return {
    form: "bytes",
    rows: () => rows,
    chunks: (async function* () {
      const copy = to(`COPY (${query}) TO STDOUT (FORMAT ${format === "pg-binary" ? "binary" : "text"})`);
      const stream = client.query(copy);
      for await (const chunk of stream) yield chunk as Buffer;
      rows = copy.rowCount;
    })(),
  };
}

/** Lines of a CSV file without a header, its columns those of the plan. */
export function csvFileRead(plan: StreamPlan, text: string): PartRead {
  let rows = 0;
  const columns = plan.fields.map(({ name }) => name);
  return {
    form: "bytes",
    rows: () => rows,
    chunks: (async function* () {
      yield Buffer.from(text);
      rows = text.split("\n").length - 1;
    })(),
    file: {
      unchanged: async () => undefined,
      csv: { columns, skip: 0, delimiter: ",", quote: '"', lineEnd: "\n", null: "" },
    },
  };
}

let loads = 0;

export interface LoadOptions {
  readonly format?: EncodingFormat | undefined;
  readonly sync?: number | undefined;
  readonly rejected?: RejectedRow[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly extractedAt?: number | undefined;
}

export async function loadRead(
  session: DestinationSession,
  transaction: LoadTransaction,
  plan: StreamPlan,
  read: PartRead,
  options: LoadOptions = {},
): Promise<LoadResult> {
  const encoding = session.takes(plan).find(({ format }) => format === (options.format ?? "batch"));
  if (encoding === undefined) throw new Error(`not taken: ${options.format}`);
  loads += 1;
  return transaction.load({
    stream: plan,
    encoding,
    read,
    meta: {
      rawIdPrefix: `01900000-0000-7000-8000-${String(loads).padStart(4, "0")}`,
      extractedAt: options.extractedAt ?? Date.UTC(2024, 0, 1) + loads,
      generation: plan.generation,
      sync: options.sync ?? 1,
    },
    reject: async (row) => void options.rejected?.push(row),
    progress: () => {},
    signal: options.signal ?? never,
  });
}

/** One part: loads rows in a transaction of its own and commits. */
export async function loadPart(
  session: DestinationSession,
  plan: StreamPlan,
  rows: PartRead | readonly JsonObject[],
  options: LoadOptions & { readonly document?: JsonObject } = {},
): Promise<LoadResult> {
  const transaction = await session.transaction(options.signal ?? never);
  try {
    const read = "form" in rows ? rows : rowsRead(plan, rows);
    const result = await loadRead(session, transaction, plan, read, options);
    await transaction.commit([{ stream: plan.key, document: options.document ?? {} }]);
    return result;
  } finally {
    await transaction.rollback();
  }
}

export async function finishStream(
  session: DestinationSession,
  plan: StreamPlan,
  parts: { readonly overlap?: boolean; readonly since?: number; readonly document?: JsonObject } = {},
): Promise<void> {
  await session.finish({
    stream: plan,
    checkpoint: { stream: plan.key, document: parts.document ?? { finished: true } },
    overlap: parts.overlap ?? false,
    since: parts.since ?? 1,
    signal: never,
  });
}

export interface SyncOptions extends OpenOptions, LoadOptions {
  readonly attempt?: number | undefined;
  readonly overlap?: boolean | undefined;
  readonly since?: number | undefined;
}

/** A whole sync of one stream: one part, then finish. Returns the notes of `begin` and what the load says. */
export async function syncStream(
  url: string,
  plan: StreamPlan,
  rows: PartRead | readonly JsonObject[],
  options: SyncOptions = {},
): Promise<{
  readonly notes: readonly string[];
  readonly result: LoadResult;
  readonly rejected: readonly RejectedRow[];
}> {
  const session = await openDestination(url, options);
  const rejected: RejectedRow[] = [];
  const sync = options.sync ?? 1;
  try {
    const notes = await session.begin({
      token: { sync, attempt: options.attempt ?? 1 },
      streams: [plan],
      checkpoints: [],
    });
    const result = await loadPart(session, plan, rows, { ...options, rejected });
    await finishStream(session, plan, { overlap: options.overlap ?? false, since: options.since ?? sync });
    return { notes, result, rejected };
  } finally {
    await session.close();
  }
}

/** The failure's code, for `rejects`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { readonly failure?: { readonly code: string } }).failure?.code ?? String(error);
  }
  return "no failure";
}
