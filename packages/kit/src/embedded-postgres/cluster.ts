import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { WeirError } from "@weir/protocol";
import { type Account, canReach, giveTo } from "./account.ts";

/** One server's folder: `data` (PostgreSQL's own), `password`, `server.log`, and `native` where binaries had to be copied. */
export interface Cluster {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  /** The folder goes when the server is stopped. */
  readonly temporary: boolean;
}

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
