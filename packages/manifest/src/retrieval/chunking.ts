import { isObject, type JsonValue } from "@weir/protocol";
import { textOf } from "../http/text.ts";

export interface Chunking {
  readonly countsCharacters: boolean;
  /** Undefined: all properties go into one request. */
  readonly limit: number | undefined;
  /** Fields by which parts of one record are told to be the same. */
  readonly keys: readonly string[];
}

/** A comma takes three characters once it is written into an address. */
const SEPARATOR = 3;

export function chunkingOf(node: JsonValue | undefined): Chunking | null {
  if (!isObject(node)) return null;
  const { property_limit_type: kind, property_limit: limit, record_merge_strategy: strategy } = node;
  const key = isObject(strategy) ? strategy["key"] : "id";
  return {
    countsCharacters: kind === "characters",
    limit: typeof limit === "number" && limit !== 0 ? limit : undefined,
    keys: Array.isArray(key) ? (key as readonly string[]) : [textOf(key)],
  };
}

/** The names in chunks within the limit, each with those that always go along, which do not count. */
export function chunksOf(
  names: readonly string[],
  always: readonly string[],
  { limit, countsCharacters }: Chunking,
): readonly (readonly string[])[] {
  if (limit === undefined) return [[...names, ...always]];
  const chunks: string[][] = [];
  let current = [...always];
  let size = 0;
  for (const name of names) {
    const added = countsCharacters ? name.length + SEPARATOR : 1;
    if (size + added > limit) {
      chunks.push(current);
      current = [...always];
      size = 0;
    }
    current.push(name);
    size += added;
  }
  return [...chunks, current];
}
