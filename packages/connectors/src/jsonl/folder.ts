import { createHash } from "node:crypto";
import { access, constants, rename, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { syncFolder } from "@weir/kit";
import { type StreamPlan, WeirError } from "@weir/protocol";

/** Longest file name of common file systems is 255 bytes; ours end in `.jsonl.next`. */
const MAX_NAME = 200;

/**
 * File of a table, `shop.orders.jsonl`: whatever is not a letter, digit, `_` or `-` is written as `%` and hex, and long
 * names end in a hash.
 */
export function fileName({ namespace, name }: StreamPlan["table"]): string {
  const plain = [namespace, name]
    .filter((part) => part !== undefined)
    .map((part) => encodeURIComponent(part).replaceAll(/[.!~*'()]/g, hex))
    .join(".");
  if (plain.length <= MAX_NAME) return `${plain}.jsonl`;
  const hash = createHash("sha256").update(plain).digest("hex").slice(0, 16);
  return `${plain.slice(0, MAX_NAME - 17)}-${hash}.jsonl`;
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Says what is wrong before anything is made. */
export async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) {
    const parent = dirname(resolve(folder));
    return parent === resolve(folder) ? undefined : checkFolder(parent);
  }
  if (!found.isDirectory()) throw unusable(`${folder} is not a folder.`);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(`${folder} cannot be written to.`, cause);
  }
}

export function unusable(message: string, cause?: unknown): WeirError {
  return new WeirError(
    {
      code: "destination.folder_unusable",
      message,
      next: "Name a folder that Weir may write to and that no other connection uses.",
      recovery: "ask",
      origin: "destination",
      path: "folder",
    },
    { cause },
  );
}

export async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** A failure to write, in words; the sync goes on from the last commit once there is room. */
export function writeFailed(path: string, cause: unknown): WeirError {
  const { code } = cause as NodeJS.ErrnoException;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new WeirError(
    {
      code: full ? "destination.disk_full" : "destination.write_failed",
      message: full ? `There is no room left to write ${path}.` : `${path} cannot be written.`,
      next: full
        ? "Free space and run again."
        : "Look at the folder's rights and at the disk, then run again.",
      recovery: "retry",
      origin: "destination",
      detail: String(cause),
    },
    { cause },
  );
}
