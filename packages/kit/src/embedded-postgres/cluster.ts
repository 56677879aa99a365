import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { WeirError } from "@weir/protocol";
import { type Account, canReach, giveTo, spawnAs } from "./account.ts";

/** One server's folder: `data` (PostgreSQL's own), `password`, `server.log`, and `native` where binaries had to be copied. */
export interface Cluster {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  /** The folder goes when the server is stopped. */
  readonly temporary: boolean;
}

export const USER = "postgres";

/** A folder the account can work in: `dataDir` where that holds, else a temporary one. */
export function makeFolder(dataDir: string | undefined, account: Account): Cluster {
  if (dataDir !== undefined) {
    mkdirSync(dirname(resolve(dataDir)), { recursive: true });
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (canReach(account, dirname(resolve(dataDir)))) {
      giveTo(account, dataDir);
      return layout(resolve(dataDir), false);
    }
  }
  const folder = mkdtempSync(join(temporaryRoot(account), "weir-postgres-"));
  giveTo(account, folder);
  return layout(folder, true);
}

function temporaryRoot(account: Account): string {
  const root = [tmpdir(), "/tmp"].find((path) => existsSync(path) && canReach(account, path));
  if (root !== undefined) return root;
  throw new WeirError({
    code: "config.embedded_postgres_unreachable",
    message: `The embedded PostgreSQL runs as user ${account.uid}, who cannot enter ${tmpdir()}.`,
    next: "Run Weir as an ordinary user, or set TMPDIR to a folder that everyone may enter.",
    recovery: "ask",
    origin: "config",
  });
}

function layout(folder: string, temporary: boolean): Cluster {
  return { folder, data: join(folder, "data"), log: join(folder, "server.log"), temporary };
}

/** Makes the database cluster on first use; returns the password of its superuser. */
export async function initialise(cluster: Cluster, native: string, account: Account): Promise<string> {
  const passwordFile = join(cluster.folder, "password");
  if (existsSync(join(cluster.data, "PG_VERSION"))) return readFileSync(passwordFile, "utf8");
  rmSync(cluster.data, { recursive: true, force: true });
  const password = randomBytes(24).toString("base64url");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(account, passwordFile);
  const options = [
    `--pgdata=${cluster.data}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-instructions",
    // The built-in provider sorts alike on every platform and needs no locale of the system.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...(cluster.temporary ? ["--no-sync"] : []),
  ];
  try {
    await promisify(execFile)(join(native, "bin", "initdb"), options, {
      cwd: cluster.folder,
      env: serverEnvironment(),
      ...spawnAs(account),
    });
  } catch (cause) {
    rmSync(cluster.data, { recursive: true, force: true });
    const detail = (cause as { readonly stderr?: string }).stderr?.trim() || String(cause);
    throw new WeirError(
      {
        code: "engine.embedded_postgres_failed",
        message: `The embedded PostgreSQL could not be set up in ${cluster.folder}: ${detail.split("\n").at(-1)}`,
        next: "Check the free space and the rights of that folder, or set DATABASE_URL to a server of your own.",
        recovery: "ask",
        origin: "engine",
        detail,
      },
      { cause },
    );
  }
  return password;
}

/** Nothing of this process's environment: it may hold secrets, and PG* variables would change the server. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
