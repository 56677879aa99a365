import type { FencingToken, JsonObject, StoredCheckpoint } from "@weir/protocol";
import { isObject, parseJson, stringifyJson } from "@weir/protocol";

/**
 * What is committed but perhaps not yet done. Each can be done again, and by two processes at once, without harm: names
 * of data files are never used twice. Paths are relative to the destination's folder.
 */
export type Operation =
  | { readonly do: "move"; readonly id: string; readonly from: string; readonly to: string }
  | { readonly do: "remove"; readonly id: string; readonly path: string }
  /** The folder `staged` takes the place of `table`. */
  | { readonly do: "swap"; readonly id: string; readonly staged: string; readonly table: string };

export interface StreamRecord {
  readonly stream: string;
  /** Folder of its table. */
  readonly folder: string;
  readonly generation: number;
  /** Name of the folder where the rows of a replacing load wait; null when nothing does. */
  readonly staged: string | null;
}

/** What counts in the folder for one connection. It is written whole for every commit. */
export interface Manifest {
  readonly version: 1;
  readonly connection: string;
  readonly token: FencingToken | null;
  /** The session that took the fence: of two with the same token only one may commit. */
  readonly session: string;
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly streams: readonly StreamRecord[];
  readonly pending: readonly Operation[];
}

export function emptyManifest(connection: string): Manifest {
  return { version: 1, connection, token: null, session: "", checkpoints: [], streams: [], pending: [] };
}

export function manifestText(manifest: Manifest): string {
  return `${stringifyJson(manifest as unknown as JsonObject)}\n`;
}

/** Undefined for a text that is not a whole manifest. */
export function parseManifest(text: string): Manifest | undefined {
  if (!text.endsWith("}\n")) return undefined;
  try {
    const value = parseJson(text);
    return isObject(value) && value["version"] === 1 ? (value as unknown as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

export function withCheckpoints(
  before: readonly StoredCheckpoint[],
  changed: readonly { readonly stream: string; readonly document: JsonObject | null }[],
): readonly StoredCheckpoint[] {
  const kept = new Map(before.map((checkpoint) => [checkpoint.stream, checkpoint]));
  for (const { stream, document } of changed) {
    if (document === null) kept.delete(stream);
    else kept.set(stream, { stream, document });
  }
  return [...kept.values()];
}

export function recordOf({ streams }: Manifest, stream: string): StreamRecord | undefined {
  return streams.find((record) => record.stream === stream);
}

export function withRecord(streams: readonly StreamRecord[], record: StreamRecord): readonly StreamRecord[] {
  return [...streams.filter(({ stream }) => stream !== record.stream), record];
}
