import { fileError } from "./failures.ts";
import type { FoundFile } from "./found.ts";
import { httpFile } from "./http.ts";
import { matching, type Root } from "./local.ts";

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
