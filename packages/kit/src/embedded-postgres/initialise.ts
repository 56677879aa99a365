import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError } from "@weir/protocol";
import { type Account, giveTo } from "./account.ts";
import type { Cluster } from "./cluster.ts";
import { startGuarded } from "./guard.ts";

export const USER = "postgres";

/** Makes the database cluster on first use; returns the password of its superuser. */
export async function initialise(cluster: Cluster, native: string, account: Account): Promise<string> {
  const passwordFile = join(cluster.folder, "password");
  // Named so at the very end: without it an initdb was interrupted.
  if (existsSync(passwordFile)) return readFileSync(passwordFile, "utf8");
  const newPasswordFile = `${passwordFile}.new`;
  rmSync(cluster.data, { recursive: true, force: true });
  const password = randomBytes(24).toString("base64url");
  writeFileSync(newPasswordFile, password, { mode: 0o600 });
  giveTo(account, newPasswordFile);
  const { shell, ended } = await startGuarded(cluster, native, account, [
    "initdb",
    `--pgdata=${cluster.data}`,
    `--username=${USER}`,
    `--pwfile=${newPasswordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-instructions",
    // The built-in provider sorts alike on every platform and needs no locale of the system.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...(cluster.temporary ? ["--no-sync"] : []),
  ]);
  const code = await ended;
  shell.stdin?.destroy();
  if (code === 0) {
    renameSync(newPasswordFile, passwordFile);
    return password;
  }
  const detail = readFileSync(cluster.log, "utf8").trim();
  rmSync(cluster.data, { recursive: true, force: true });
  throw new WeirError({
    code: "engine.embedded_postgres_failed",
    message: `The embedded PostgreSQL could not be set up in ${cluster.folder}: ${detail.split("\n").at(-1)}`,
    next: "Check the free space and the rights of that folder, or set DATABASE_URL to a server of your own.",
    recovery: "ask",
    origin: "engine",
    detail,
  });
}
