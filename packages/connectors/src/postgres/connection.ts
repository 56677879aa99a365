import { connect as connectSocket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Client, ClientConfig } from "pg";
import type { ConnectionConfig } from "./connection-fields.ts";
import { postgresError, sqlState, type FailureScene } from "./failures.ts";
import { literal } from "./quote.ts";

export interface SessionOptions {
  readonly origin: "source" | "destination";
  /** Server settings for the whole session, by name: `{ TimeZone: "UTC" }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Ends the session within a second, whatever it is doing; running queries are canceled on the server. */
  readonly signal: AbortSignal;
  /** Milliseconds until a server that does not answer counts as unreachable; 15,000 unless given. */
  readonly connectTimeout?: number | undefined;
}

/**
 * One connection to a server. Every value of a result is the server's own text (`t`, `12`, `{a,b}`) or null: nothing is
 * parsed, so nothing can be rounded. Every error is a WeirError, or the signal's reason once it has aborted.
 */
export interface Session {
  /** For what `query` cannot do: COPY streams by pg-copy-streams. Errors of these go through `failure`. */
  readonly client: Client;
  /** As server_version_num: 180004. */
  readonly version: number;
  query<Row extends Record<string, string | null>>(
    text: string,
    values?: readonly (string | null)[],
  ): Promise<readonly Row[]>;
  /** The WeirError for anything thrown while this session was used. */
  failure(error: unknown, stream?: string): Error;
  /** Ends it at once, whatever it is doing; a running query is canceled on the server. */
  cut(): void;
  /** Says goodbye, or cuts the line after half a second. Never throws. */
  close(): Promise<void>;
}

/** Connects; TLS as `ssl_mode` says. */
export async function openSession(config: ConnectionConfig, options: SessionOptions): Promise<Session> {
  const { signal } = options;
  const scene: FailureScene = {
    origin: options.origin,
    host: config.host,
    port: config.port,
    database: config.database,
    username: config.username,
  };
  const { default: pg } = await import("pg");
  const lines = tlsLines(config);
  for (const [index, ssl] of lines.entries()) {
    signal.throwIfAborted();
    const client = new pg.Client(clientConfig(config, ssl, options.connectTimeout ?? 15_000));
    // Without a listener an error on an idle line would end the process; the next query reports it.
    client.on("error", () => {});
    const cut = (): void => cutLine(client, config);
    signal.addEventListener("abort", cut, { once: true });
    try {
      await client.connect();
      const version = await settle(client, options.settings ?? {});
      client.once("end", () => signal.removeEventListener("abort", cut));
      return session(client, version, { scene, signal, cut });
    } catch (error) {
      signal.removeEventListener("abort", cut);
      streamOf(client).destroy();
      signal.throwIfAborted();
      if (index + 1 < lines.length && refusesTls(error)) continue;
      throw postgresError(error, scene);
    }
  }
  throw new Error("unreachable: there is always a last way to connect");
}

interface Line {
  readonly scene: FailureScene;
  readonly signal: AbortSignal;
  readonly cut: () => void;
}

function session(client: Client, version: number, { scene, signal, cut }: Line): Session {
  let before: Promise<unknown> = Promise.resolve();
  const failure = (error: unknown, stream?: string): Error => {
    if (signal.aborted)
      return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
    return postgresError(error, stream === undefined ? scene : { ...scene, stream });
  };
  return {
    client,
    version,
    failure,
    query: <Row extends Record<string, string | null>>(text: string, values?: readonly (string | null)[]) => {
      const run = async (): Promise<readonly Row[]> => {
        try {
          const result = await client.query<Row>(text, values === undefined ? undefined : [...values]);
          return result.rows;
        } catch (error) {
          throw failure(error);
        }
      };
      // The driver wants one query at a time; callers need not wait for each other.
      const result = before.then(run);
      before = result.catch(() => {});
      return result;
    },
    cut,
    close: async () => {
      const stream = streamOf(client);
      const timer = setTimeout(() => stream.destroy(), 500);
      try {
        await client.end();
      } catch {
        stream.destroy();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Timeouts that would end a long sync; servers below 17 have no transaction_timeout. */
const TIMEOUTS = [
  "statement_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "transaction_timeout",
];

/** One round trip: sets what is asked for, reads the version. */
async function settle(client: Client, settings: Readonly<Record<string, string>>): Promise<number> {
  const calls = [
    ...TIMEOUTS.map((name) => {
      const known = `pg_catalog.current_setting('${name}', true) IS NOT NULL`;
      return `CASE WHEN ${known} THEN pg_catalog.set_config('${name}', '0', false) END`;
    }),
    ...Object.entries(settings).map(
      ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
    ),
  ];
  const sql = `SELECT pg_catalog.current_setting('server_version_num') AS version, ${calls.join(", ")}`;
  const result = await client.query<{ readonly version: string }>(sql);
  return Number(result.rows[0]?.version);
}

function clientConfig(
  config: ConnectionConfig,
  ssl: ConnectionOptions | false,
  timeout: number,
): ClientConfig {
  const { password } = config;
  return {
    host: config.host,
    port: config.port,
    database: config.database,
    user: config.username,
    // As a function it shows in no inspection of the client, and PGPASSWORD is not looked at.
    password: () => password ?? "",
    ssl,
    application_name: "weir",
    client_encoding: "UTF8",
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: () => (text: string) => text },
  };
}

/** The ways to try, in order: `prefer` falls back to a plain line where the server has no TLS. */
function tlsLines(config: ConnectionConfig): readonly (ConnectionOptions | false)[] {
  const { mode, ca_certificate, client_certificate, client_key, client_key_password } = config.ssl_mode;
  // No server offers TLS on a Unix socket.
  if (mode === "disable" || config.host.startsWith("/")) return [false];
  const verified = mode === "verify-ca" || mode === "verify-full";
  const tls: ConnectionOptions = {
    rejectUnauthorized: verified,
    ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
    ...(ca_certificate === undefined ? {} : { ca: ca_certificate }),
    ...(client_certificate === undefined ? {} : { cert: client_certificate }),
    ...(client_key === undefined ? {} : { key: client_key }),
    ...(client_key_password === undefined ? {} : { passphrase: client_key_password }),
  };
  return mode === "prefer" ? [tls, false] : [tls];
}

/** The server has no TLS, or its pg_hba.conf allows this user on plain lines only. */
function refusesTls(error: unknown): boolean {
  return (
    sqlState(error) === "28000" || (error instanceof Error && error.message.includes("does not support SSL"))
  );
}

interface Destroyable {
  destroy(): void;
}

/** The socket, which `pg` holds in a field its types do not name. */
function streamOf(client: Client): Destroyable {
  return (client as unknown as { readonly connection: { readonly stream: Destroyable } }).connection.stream;
}

/** The server does not notice a closed line while it computes, so it is told to cancel as well. */
function cutLine(client: Client, config: ConnectionConfig): void {
  const { processID, secretKey } = client as unknown as {
    readonly processID: number | null;
    readonly secretKey: number | null;
  };
  streamOf(client).destroy();
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const path = config.host.startsWith("/") ? { path: `${config.host}/.s.PGSQL.${config.port}` } : undefined;
  const socket = connectSocket(path ?? { host: config.host, port: config.port });
  socket.setTimeout(1_000, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.unref();
  socket.end(request);
}
