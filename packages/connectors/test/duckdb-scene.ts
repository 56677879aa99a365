import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { parseConfig } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import type {
  Column,
  ColumnBatch,
  DestinationSession,
  Encoding,
  Field,
  JsonObject,
  LoadRequest,
  LoadResult,
  PartRead,
  RejectedRow,
  StreamPlan,
} from "@weir/protocol";
import { onTestFinished } from "vitest";
import { destination } from "../src/duckdb/destination.ts";
import { duckdbConfig } from "../src/duckdb/destination/config.ts";

// Shared by all test files of a worker; it goes with the run's temporary folder.
const directory = mkdtempSync(join(tmpdir(), "weir-duckdb-test-"));
const sessions = new Set<DestinationSession>();
let files = 0;

export function newPath(name = "warehouse"): string {
  files += 1;
  return join(directory, `${name}-${files}.duckdb`);
}

export interface OpenOptions {
  readonly connection?: string;
  readonly config?: JsonObject;
  readonly signal?: AbortSignal;
}

/** A session that the end of the test closes, if the test does not. */
export async function openSession(path: string, options: OpenOptions = {}): Promise<DestinationSession> {
  const { config } = parseConfig(duckdbConfig, { path, ...options.config }, "destination");
  const session = await destination.open({
    config,
    connection: options.connection ?? "shop",
    context: testContext(options.signal === undefined ? {} : { signal: options.signal }),
  });
  sessions.add(session);
  const close = async (): Promise<void> => {
    if (sessions.delete(session)) await session.close();
  };
  onTestFinished(close);
  return { ...bound(session), close };
}

function bound(session: DestinationSession): DestinationSession {
  return {
    capabilities: session.capabilities,
    held: () => session.held(),
    begin: (request) => session.begin(request),
    takes: (stream) => session.takes(stream),
    transaction: (signal) => session.transaction(signal),
    finish: (request) => session.finish(request),
    reset: (checkpoints) => session.reset(checkpoints),
    measure: (stream, request) => session.measure(stream, request),
    close: () => session.close(),
  };
}

export const ORDERS: readonly Field[] = [
  { name: "id", kind: "integer" },
  { name: "customer", kind: "string" },
  { name: "total", kind: "number", precision: 10, scale: 2 },
  { name: "updated_at", kind: "timestamp_with_timezone" },
];

export function planOf(parts: Partial<StreamPlan> = {}): StreamPlan {
  return {
    key: "orders",
    table: { name: "orders" },
    fields: ORDERS,
    primaryKey: ["id"],
    cursor: undefined,
    mode: "append",
    generation: 1,
    minimumGeneration: 0,
    fresh: true,
    nativeTypes: false,
    ...parts,
  };
}

export async function begin(
  session: DestinationSession,
  plan: StreamPlan,
  token = { sync: 1, attempt: 1 },
): Promise<readonly string[]> {
  return session.begin({ token, streams: [plan], checkpoints: [] });
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

/** Rows as JSON columns, which say least about their values. */
export function batchOf(fields: readonly Field[], rows: readonly JsonObject[]): ColumnBatch {
  const columns = fields.map(({ name }): Column => ({ form: "json", values: rows.map((row) => row[name]) }));
  return { rows: rows.length, columns, bytes: rows.length * 100 };
}

export function batches(...items: readonly ColumnBatch[]): PartRead {
  async function* chunks() {
    yield* items;
  }
  return { form: "batches", chunks: chunks(), rows: () => items.reduce((sum, { rows }) => sum + rows, 0) };
}

export function bytes(items: readonly (string | Uint8Array)[], rows: number): PartRead {
  async function* chunks() {
    for (const item of items) yield typeof item === "string" ? Buffer.from(item) : item;
  }
  return { form: "bytes", chunks: chunks(), rows: () => rows };
}

function encodingOf(session: DestinationSession, plan: StreamPlan, format: Encoding["format"]): Encoding {
  const found = session.takes(plan).find((encoding) => encoding.format === format);
  if (found === undefined) throw new Error(`${format} is not offered.`);
  return found;
}

let loads = 0;

export interface Load extends Partial<Pick<LoadRequest, "signal" | "progress">> {
  readonly plan: StreamPlan;
  readonly read: PartRead;
  readonly sync?: number;
  readonly rejects?: RejectedRow[];
}

export function loadRequest(session: DestinationSession, load: Load): LoadRequest {
  const { plan, read } = load;
  loads += 1;
  return {
    stream: plan,
    encoding: encodingOf(session, plan, read.form === "bytes" ? "csv" : "batch"),
    read,
    meta: {
      rawIdPrefix: `0190a000-${loads.toString(16).padStart(4, "0")}-7000-8000-0000`,
      extractedAt: Date.UTC(2024, 0, 1),
      generation: plan.generation,
      sync: load.sync ?? 1,
    },
    reject: async (row) => void load.rejects?.push(row),
    progress: load.progress ?? (() => {}),
    signal: load.signal ?? never(),
  };
}

/** One part: loaded and committed with a checkpoint. */
export async function loadPart(session: DestinationSession, load: Load): Promise<LoadResult> {
  const transaction = await session.transaction(load.signal ?? never());
  try {
    const result = await transaction.load(loadRequest(session, load));
    await transaction.commit([{ stream: load.plan.key, document: { rows: result.received } }]);
    return result;
  } finally {
    await transaction.rollback();
  }
}

export async function loadRows(
  session: DestinationSession,
  plan: StreamPlan,
  rows: readonly JsonObject[],
  sync = 1,
): Promise<LoadResult> {
  return loadPart(session, { plan, read: batches(batchOf(plan.fields, rows)), sync });
}

export async function finish(
  session: DestinationSession,
  plan: StreamPlan,
  parts: { readonly overlap?: boolean; readonly since?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  await session.finish({
    stream: plan,
    checkpoint: { stream: plan.key, document: { finished: true } },
    overlap: parts.overlap ?? false,
    since: parts.since ?? 1,
    signal: parts.signal ?? never(),
  });
}

/** Begin, one part, finish. */
export async function syncRows(
  session: DestinationSession,
  plan: StreamPlan,
  rows: readonly JsonObject[],
  sync = 1,
): Promise<void> {
  await begin(session, plan, { sync, attempt: 1 });
  await loadRows(session, plan, rows, sync);
  await finish(session, plan, { since: sync });
}

/** A row as `query` gives it: numbers beyond 32 bits as text. */
export type Found = Readonly<Record<string, string | number | boolean | null>>;

/** Reads the file by itself, after the sessions are closed; the rows of the last statement. */
export async function query(path: string, ...statements: readonly string[]): Promise<readonly Found[]> {
  return reading(path, async (read) => {
    let rows: readonly Found[] = [];
    for (const sql of statements) rows = await read(sql);
    return rows;
  });
}

/** Several questions to a file that is opened once. */
export async function reading<T>(
  path: string,
  act: (read: (sql: string) => Promise<readonly Found[]>) => Promise<T>,
): Promise<T> {
  for (const session of sessions) await session.close();
  sessions.clear();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await act(
      async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as readonly Found[],
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
