import type { FileHandle } from "node:fs/promises";
import { fileError } from "./failures.ts";
import { httpFile } from "./http.ts";
import { matching, type Root } from "./local.ts";

/** One file as the listing found it. */
export interface FoundFile {
  /** What the state knows it by: the path below the root, or the address without what may be secret in it. */
  readonly key: string;
  /** For people: the key. */
  readonly name: string;
  /** Bytes as they lie there, compressed or not; undefined where a server does not say. */
  readonly size: number | undefined;
  /** Time of the last write with inode, or the server's mark; empty where nothing tells one version from another. */
  readonly stamp: string;
  /** Milliseconds since 1970; 0 where unknown. */
  readonly modified: number;
  readonly place:
    | { readonly kind: "local"; readonly path: string }
    | { readonly kind: "http"; readonly url: string };
}

/** A local file that is open and is the one that was found. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
}

export interface Listing {
  readonly root: Root;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** The files of a stream: oldest first, so that later rows come from later files. */
export async function findFiles(
  patterns: readonly string[],
  { root, token, signal }: Listing,
): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    const files = isAddress(pattern)
      ? [await httpFile(pattern, token, signal)]
      : await matching(root, pattern, signal);
    for (const file of files) if (!found.has(file.key)) found.set(file.key, file);
  }
  if (found.size === 0) throw fileError("no_files", patterns.join(", "), { path: "streams" });
  return [...found.values()].toSorted((a, b) => a.modified - b.modified || (a.key < b.key ? -1 : 1));
}

export function isAddress(pattern: string): boolean {
  return /^https?:\/\//i.test(pattern);
}
