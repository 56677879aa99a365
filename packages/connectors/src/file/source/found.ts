import type { FileHandle } from "node:fs/promises";

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
