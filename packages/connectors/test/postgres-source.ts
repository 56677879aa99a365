import { Buffer } from "node:buffer";
import { parseConfig } from "@weir/kit";
import { testContext, testPostgres } from "@weir/kit/testing";
import type {
  ColumnBatch,
  ConfiguredStream,
  Encoding,
  JsonObject,
  JsonValue,
  Part,
  PartSession,
  Stream,
  StreamReader,
} from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import type { Client } from "pg";
import { afterAll } from "vitest";
import { sourcePostgres } from "../src/postgres/source.ts";

/** A new database and one connection to it, closed when the test file ends. */
export interface Database {
  readonly url: string;
  /** Configuration of a source that reads it. */
  config(overrides?: JsonObject): JsonObject;
  /** Runs SQL on `client`, values as the server's text. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, string | null>[]>;
  readonly client: Client;
  /** One more connection. */
  connect(): Promise<Client>;
}

export async function newDatabase(url?: string): Promise<Database> {
  const own = url ?? (await testPostgres());
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const { default: pg } = await import("pg");
    const client = new pg.Client({
      connectionString: own,
      types: { getTypeParser: () => (text: string) => text },
    });
    client.on("error", () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
  });
  const client = await connect();
  return {
    url: own,
    connect,
    config: (overrides = {}) => configFor(own, overrides),
    client,
    sql: async (text, values) => {
      const result = await client.query<Record<string, string | null>>(text, values && [...values]);
      return Array.isArray(result) ? [] : result.rows;
    },
  };
}

export function configFor(url: string, overrides: JsonObject = {}): JsonObject {
  const { hostname, port, username, password, pathname } = new URL(url);
  const value = {
    host: hostname,
    port: Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    username,
    password,
    ...overrides,
  };
  return parseConfig(sourcePostgres.spec.connectionSpecification, value, "config").config;
}

export type Choice = Partial<Omit<ConfiguredStream, "stream">>;

/** The stream as `discover` offers it, configured. */
export async function configured(
  config: JsonObject,
  name: string,
  choice: Choice = {},
): Promise<ConfiguredStream> {
  const { streams } = await sourcePostgres.discover(config, testContext());
  const stream = streams.find((found) => found.name === name);
  if (stream === undefined)
    throw new Error(`no stream ${name} in ${streams.map((found) => found.name).join(", ")}`);
  return configure(stream, choice);
}

/** As a sync that only wants what is new. */
export function incremental(config: JsonObject, name: string, cursor?: string): Promise<ConfiguredStream> {
  return configured(config, name, {
    sync_mode: "incremental",
    destination_sync_mode: "append_dedup",
    ...(cursor === undefined ? {} : { cursor_field: [cursor] }),
  });
}

export function configure(stream: Stream, choice: Choice = {}): ConfiguredStream {
  return { stream, sync_mode: "full_refresh", destination_sync_mode: "append", ...choice };
}

/** One attempt: opens a session, hands over its reader for the stream, closes the session. */
export async function attempt<Result>(
  config: JsonObject,
  stream: ConfiguredStream,
  state: JsonValue | null,
  work: (reader: StreamReader, session: PartSession) => Promise<Result>,
  signal = new AbortController().signal,
): Promise<Result> {
  const context = testContext({ signal });
  const session = await sourcePostgres.open({ config, catalog: { streams: [stream] }, state: [], context });
  if (session.kind !== "parts") throw new Error("source-postgres reads by parts");
  try {
    return await work(await session.reader(stream, state), session);
  } finally {
    await session.close();
  }
}

const WIRE: Readonly<Record<string, string>> = {
  string: "varchar",
  boolean: "bool",
  integer: "int8",
  number: "numeric",
  date: "date",
  timestamp_with_timezone: "timestamptz",
  timestamp_without_timezone: "timestamp",
  time_with_timezone: "timetz",
  time_without_timezone: "time",
};

/** As a destination would ask: PostgreSQL types of Airbyte's table layout. */
export function encoding(stream: ConfiguredStream, format: Encoding["format"]): Encoding {
  const columns = fieldsOf(stream.stream.json_schema).map((field) => ({
    field,
    type: format === "csv" ? "" : (WIRE[field.kind] ?? "jsonb"),
  }));
  return { format, columns, cost: 1 };
}

export type Row = Readonly<Record<string, string | null>>;

const never = new AbortController().signal;

/** The rows of one part by the typed route; the server's count must agree. */
export async function rowsOf(part: Part, stream: ConfiguredStream, signal = never): Promise<readonly Row[]> {
  const asked = encoding(stream, "batch");
  const read = part.read(asked, signal);
  if (read.form !== "batches") throw new Error("batch gives batches");
  const rows: Row[] = [];
  for await (const batch of read.chunks) rows.push(...batchRows(batch, asked));
  if (read.rows() !== rows.length) throw new Error(`counted ${read.rows()}, came ${rows.length}`);
  return rows;
}

function batchRows(batch: ColumnBatch, { columns }: Encoding): readonly Row[] {
  return Array.from({ length: batch.rows }, (_, row) =>
    Object.fromEntries(
      columns.map(({ field }, index) => {
        const column = batch.columns[index];
        if (column?.form !== "text") throw new Error("text columns");
        return [field.name, column.values[row] ?? null];
      }),
    ),
  );
}

export async function bytesOf(
  part: Part,
  asked: Encoding,
  signal = never,
): Promise<{ bytes: Buffer; rows: number }> {
  const read = part.read(asked, signal);
  if (read.form !== "bytes") throw new Error(`${asked.format} gives bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of read.chunks) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), rows: read.rows() };
}

export async function partsOf(reader: StreamReader): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for await (const part of reader.parts(never)) parts.push(part);
  return parts;
}

export interface ReadAll {
  readonly rows: readonly Row[];
  readonly state: JsonValue;
  readonly parts: number;
  readonly overlap: boolean;
  readonly notices: readonly string[];
  readonly restart?: string | undefined;
}

/** One whole attempt that succeeds, by the typed route. */
export async function readAll(
  config: JsonObject,
  stream: ConfiguredStream,
  state: JsonValue | null = null,
): Promise<ReadAll> {
  return attempt(config, stream, state, async (reader) => {
    const rows: Row[] = [];
    const parts: Part[] = [];
    for await (const part of reader.parts(never)) {
      parts.push(part);
      rows.push(...(await rowsOf(part, stream)));
    }
    return {
      rows,
      state: parts.at(-1)?.state ?? null,
      parts: parts.length,
      overlap: parts.some((part) => part.overlap),
      notices: reader.notices,
      restart: reader.restart?.reason,
    };
  });
}

export function ids(rows: readonly Row[]): readonly number[] {
  return rows.map((row) => Number(row["id"])).toSorted((a, b) => a - b);
}
