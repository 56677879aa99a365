import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { glob, open, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileError } from "./failures.ts";
import type { FoundFile, OpenFile } from "./found.ts";

/** The folder that holds all local files, links resolved. */
export interface Root {
  readonly path: string;
}

export async function openRoot(path: string): Promise<Root> {
  try {
    const real = await realpath(path);
    if (!(await stat(real)).isDirectory()) throw new Error("it is not a folder");
    return { path: real };
  } catch (cause) {
    throw fileError("root_missing", path, { what: reasonOf(cause), cause, path: "root" });
  }
}

export function reasonOf(cause: unknown): string {
  const code = (cause as { readonly code?: string } | undefined)?.code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ENOTDIR") return "a part of the path is not a folder";
  return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
}

const PATTERN = /[*?[\]{}]/;

/** Files that a path or a pattern names, each below the root with all links resolved. */
export async function matching(
  root: Root,
  pattern: string,
  signal: AbortSignal,
): Promise<readonly FoundFile[]> {
  const full = isAbsolute(pattern) ? pattern : join(root.path, pattern);
  // A pattern that climbs out is refused before anything outside is looked at.
  const fixed = PATTERN.test(full) ? full.slice(0, full.search(PATTERN)) : full;
  const climbs = !isBelow(root.path, resolve(fixed)) || relative(root.path, full).split(sep).includes("..");
  if (climbs && !isBelow(root.path, resolve(full)))
    throw fileError("file_outside", pattern, { path: "streams" });
  if (climbs) throw fileError("file_outside", pattern, { path: "streams" });
  if (!PATTERN.test(pattern)) {
    const only = await look(root, full);
    return only === undefined ? [] : [only];
  }
  const files: FoundFile[] = [];
  for await (const name of glob(relative(root.path, full), { cwd: root.path })) {
    signal.throwIfAborted();
    const found = await look(root, join(root.path, name));
    if (found !== undefined) files.push(found);
  }
  return files;
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Undefined where there is no file: nothing, or a folder. */
async function look(root: Root, path: string): Promise<FoundFile | undefined> {
  const name = relative(root.path, path).split(sep).join("/");
  try {
    const real = await realpath(path);
    if (!isBelow(root.path, real)) throw fileError("file_outside", name, { path: "streams" });
    const stats = await stat(real, { bigint: true });
    if (!stats.isFile()) return undefined;
    return {
      key: name,
      name,
      size: Number(stats.size),
      stamp: stampOf(stats),
      modified: Number(stats.mtimeMs),
      place: { kind: "local", path: real },
    };
  } catch (cause) {
    const code = (cause as { readonly code?: string }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === undefined) throw cause;
    throw fileError("file_unreadable", name, { what: reasonOf(cause), cause });
  }
}

function stampOf({ mtimeNs }: BigIntStats): string {
  return String(mtimeNs);
}

/**
 * Opens the very file that was found: same size, same time of the last write. Checked again when reading has ended, by
 * its path too, so that a file replaced meanwhile is noticed by whoever reads the path.
 */
export async function openFound(
  file: FoundFile,
): Promise<OpenFile & { close(): Promise<void>; verify(): Promise<void> }> {
  const path = file.place.kind === "local" ? file.place.path : "";
  try {
    const handle = await open(path, "r");
    const before = await handle.stat({ bigint: true });
    const check = (now: BigIntStats): void => {
      const same = Number(now.size) === file.size && stampOf(now) === file.stamp;
      if (!same || now.ino !== before.ino || now.ctimeNs !== before.ctimeNs)
        throw fileError("file_changed", file.name);
    };
    const verify = async (): Promise<void> => {
      check(await handle.stat({ bigint: true }));
      check(await stat(path, { bigint: true }).catch((cause: unknown) => Promise.reject(gone(file, cause))));
    };
    try {
      check(before);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return { handle, size: Number(before.size), verify, close: () => handle.close() };
  } catch (cause) {
    throw gone(file, cause);
  }
}

function gone(file: FoundFile, cause: unknown): unknown {
  const code = (cause as { readonly code?: string }).code;
  if (code === "ENOENT") return fileError("file_missing", file.name, { cause });
  if (code === undefined || (cause as { failure?: unknown }).failure !== undefined) return cause;
  return fileError("file_unreadable", file.name, { what: reasonOf(cause), cause });
}

/** Enough to tell two files of one size and time apart; reading it of 1000 cached files takes 70 ms. */
const HEAD_BYTES = 4096;

/** Digest of the first bytes. */
export async function headOf(file: FoundFile): Promise<string> {
  if (file.place.kind !== "local") return "";
  const head = await readAt(file, 0, HEAD_BYTES);
  return createHash("sha256").update(head).digest("base64url").slice(0, 16);
}

/** Bytes at a place, fewer where the file ends. */
export async function readAt(file: FoundFile, at: number, length: number): Promise<Uint8Array> {
  const opened = await openFound(file);
  try {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, opened.size - at)));
    const { bytesRead } = await opened.handle.read(buffer, 0, buffer.length, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await opened.close();
  }
}

const LOOK_BYTES = 64 * 1024;

/** Where the line after the one at a place begins, or the file's end. */
export async function nextLine(file: FoundFile, from: number, signal: AbortSignal): Promise<number> {
  const size = file.size ?? 0;
  // A line may begin at the very place.
  for (let at = from - 1; at < size; at += LOOK_BYTES) {
    signal.throwIfAborted();
    const bytes = await readAt(file, at, LOOK_BYTES);
    const end = bytes.indexOf(10);
    if (end >= 0) return at + end + 1;
  }
  return size;
}
