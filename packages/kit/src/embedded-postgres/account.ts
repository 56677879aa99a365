import { chownSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Who runs the server: PostgreSQL refuses root, so root hands it to `nobody`. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** True when it is not the account of this process. */
  readonly other: boolean;
}

const NOBODY = 65_534;

export function serverAccount(): Account {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return uid === 0 ? { uid: NOBODY, gid: NOBODY, other: true } : { uid, gid, other: false };
}

/** Options of `spawn` and `execFile` for the account. */
export function spawnAs(account: Account): { readonly uid?: number; readonly gid?: number } {
  return account.other ? { uid: account.uid, gid: account.gid } : {};
}

export function giveTo(account: Account, path: string): void {
  if (account.other) chownSync(path, account.uid, account.gid);
}

/** Whether the account may enter every folder above `path` and `path` itself, by owner and mode. */
export function canReach(account: Account, path: string): boolean {
  if (!account.other) return true;
  const folder = resolve(path);
  const stat = statSync(folder, { throwIfNoEntry: false });
  const bit = stat?.uid === account.uid ? 0o100 : stat?.gid === account.gid ? 0o010 : 0o001;
  if (stat !== undefined && (stat.mode & bit) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || canReach(account, parent);
}
