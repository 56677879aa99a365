import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { WeirError } from "@weir/protocol";
import { type Account, serverAccount } from "./account.ts";
import { findNative, thisHost, usableNative } from "./binaries.ts";
import { type Cluster, makeFolder } from "./cluster.ts";
import { crash, signal } from "./crash.ts";
import { createDatabase } from "./database.ts";
import { initialise, USER } from "./initialise.ts";
import { freePort, launch, type Running } from "./launch.ts";

export interface EmbeddedPostgresOptions {
  /**
   * Folder of the server, kept over restarts. Without it, or where the server's account cannot enter it (root runs the
   * server as `nobody`), a temporary folder is used, which goes with `stop`; `temporary` tells.
   */
  readonly dataDir?: string | undefined;
  /** PostgreSQL settings, beyond or instead of Weir's own: `{ fsync: "off" }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Loopback port; any free one when absent. */
  readonly port?: number | undefined;
  /** How long a folder or port may stay in use by another server, one that is going down for example: 10,000 ms. */
  readonly patienceMs?: number | undefined;
}

/**
 * A private PostgreSQL 18 on the loopback interface. It ends with this process, however that dies, and leaves nothing
 * running behind. Passwords are checked with SCRAM; text is UTF-8, time is UTC.
 */
export interface EmbeddedPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The database that `url` names. */
  readonly database: string;
  readonly url: string;
  readonly dataDir: string;
  readonly temporary: boolean;
  /** Makes an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** SIGKILL to the server and its children, as in a crash; everything committed is there after `restart`. */
  kill(): Promise<void>;
  /** Starts the server again, on the same port; a server that still runs is stopped in order first. */
  restart(): Promise<void>;
  /** Ends the server in order and removes a temporary folder. Harmless when repeated. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const DATABASE = "postgres";
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: "",
  shared_buffers: "64MB",
  max_connections: "100",
  timezone: "UTC",
  log_timezone: "UTC",
  jit: "off",
};

const PATIENCE_MS = 10_000;
const STOP_WITHIN_MS = 10_000;

/**
 * Starts a server. Fails with `config.embedded_postgres_unsupported` where the platform has no binaries,
 * `config.embedded_postgres_in_use` when the folder or the port is taken, `engine.embedded_postgres_failed` with the
 * server's own words otherwise.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  const source = findNative(thisHost);
  const cluster = makeFolder(options.dataDir, account);
  try {
    const native = usableNative(source, account, cluster.folder);
    const password = await initialise(cluster, native, account);
    const start = (port: number | undefined): Promise<Started> =>
      startServer({ cluster, native, account, port, options });
    return handle(cluster, password, start, await start(options.port));
  } catch (error) {
    if (cluster.temporary) rmSync(cluster.folder, { recursive: true, force: true });
    throw error;
  }
}

interface Started {
  readonly port: number;
  readonly running: Running;
}

interface StartRequest {
  readonly cluster: Cluster;
  readonly native: string;
  readonly account: Account;
  readonly port: number | undefined;
  readonly options: EmbeddedPostgresOptions;
}

async function startServer({ cluster, native, account, port, options }: StartRequest): Promise<Started> {
  const deadline = Date.now() + (options.patienceMs ?? PATIENCE_MS);
  for (;;) {
    const tried = port ?? (await freePort());
    const outcome = await launch(cluster, native, account, {
      ...SETTINGS,
      ...options.settings,
      port: String(tried),
    });
    if (!("failed" in outcome)) return { port: tried, running: outcome };
    // The server's own checks find a folder or a port in use; a server that is going down frees both in a moment.
    const taken = /postmaster\.pid" already exists|is still in use|could not bind/.test(outcome.failed);
    if (!taken || Date.now() > deadline) throw startFailed(cluster, outcome.failed, taken);
    await sleep(50);
  }
}

function startFailed(cluster: Cluster, log: string, taken: boolean): WeirError {
  const words = log.split("\n").filter((line) => /FATAL|HINT/.test(line));
  return new WeirError({
    code: taken ? "config.embedded_postgres_in_use" : "engine.embedded_postgres_failed",
    message: `The embedded PostgreSQL in ${cluster.folder} did not start: ${words.join(" ") || "it gave no reason"}`,
    next: taken
      ? "Stop the other process that uses this folder or port, or name another."
      : "See what the server says, or set DATABASE_URL to a server of your own.",
    recovery: taken ? "ask" : "stop",
    origin: taken ? "config" : "engine",
    detail: log,
  });
}

function handle(
  cluster: Cluster,
  password: string,
  start: (port: number) => Promise<Started>,
  first: Started,
): EmbeddedPostgres {
  let running: Running | undefined = first.running;
  const { port } = first;
  const urlOf = (database: string): string =>
    `postgres://${USER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
  const end = async (how: (running: Running) => Promise<void>): Promise<void> => {
    if (running === undefined) return;
    const ending = running;
    running = undefined;
    await how(ending);
    await ending.ended();
  };
  return {
    host: HOST,
    port,
    user: USER,
    password,
    database: DATABASE,
    url: urlOf(DATABASE),
    dataDir: cluster.folder,
    temporary: cluster.temporary,
    createDatabase: async (name) => {
      await createDatabase(urlOf(DATABASE), name);
      return urlOf(name);
    },
    kill: () => end(({ pid }) => crash(pid)),
    restart: async () => {
      await end(stopInOrder);
      running = (await start(port)).running;
    },
    stop: async () => {
      await end(cluster.temporary ? stopAtOnce : stopInOrder);
      if (cluster.temporary) rmSync(cluster.folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Clients are disconnected and a checkpoint written; a server that cannot do that in time is ended at once. */
async function stopInOrder(running: Running): Promise<void> {
  signal(running.pid, "SIGINT");
  const giveUp = new AbortController();
  const late = sleep(STOP_WITHIN_MS, undefined, { signal: giveUp.signal, ref: false });
  await Promise.race([running.ended(), late.then(() => signal(running.pid, "SIGQUIT")).catch(() => {})]);
  giveUp.abort();
}

/** No checkpoint: nobody will read this data again. */
async function stopAtOnce({ pid }: Running): Promise<void> {
  signal(pid, "SIGQUIT");
}
