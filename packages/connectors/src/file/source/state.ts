import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";

/** What tells one version of a file from another: its size, the server's or file system's mark, its first bytes. */
export interface Version {
  readonly size: number | undefined;
  readonly stamp: string;
  readonly head: string;
}

/** A file that was read up to a place: a byte where a line begins, or a row of Parquet. */
export interface Begun extends Version {
  readonly key: string;
  readonly next: number;
}

export interface FileState {
  /** Files read whole, by key. */
  readonly files: ReadonlyMap<string, Version>;
  readonly begun: Begun | undefined;
}

export const NOTHING: FileState = { files: new Map(), begun: undefined };

const VERSION = 1;

export function writeState({ files, begun }: FileState): JsonObject {
  const list = [...files].map(([key, { size, stamp, head }]) => [key, [size ?? null, stamp, head]] as const);
  return {
    version: VERSION,
    files: Object.fromEntries(list),
    ...(begun === undefined ? {} : { begun: { ...begun, size: begun.size ?? null } }),
  };
}

/** Undefined when this source did not write it. */
export function readState(json: JsonValue): FileState | undefined {
  if (!isObject(json) || json["version"] !== VERSION || !isObject(json["files"])) return undefined;
  const files = new Map<string, Version>();
  for (const [key, value] of Object.entries(json["files"])) {
    if (!Array.isArray(value)) return undefined;
    const version = versionOf(value[0], value[1], value[2]);
    if (version === undefined) return undefined;
    files.set(key, version);
  }
  const { begun } = json;
  if (begun === undefined) return { files, begun: undefined };
  if (!isObject(begun)) return undefined;
  const version = versionOf(begun["size"], begun["stamp"], begun["head"]);
  const { key, next } = begun;
  if (version === undefined || typeof key !== "string" || typeof next !== "number") return undefined;
  return { files, begun: { ...version, key, next } };
}

function versionOf(
  size: JsonValue | undefined,
  stamp: JsonValue | undefined,
  head: JsonValue | undefined,
): Version | undefined {
  if (typeof stamp !== "string" || typeof head !== "string") return undefined;
  if (size !== null && typeof size !== "number") return undefined;
  return { size: size ?? undefined, stamp, head };
}

/** A server that says nothing about its file leaves every version another one. */
export function isSame(one: Version, other: Version): boolean {
  return one.stamp !== "" && one.stamp === other.stamp && one.size === other.size && one.head === other.head;
}
