import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readSource, type SourceRead } from "@weir/kit/testing";
import type { JsonObject, SourceState } from "@weir/protocol";
import { source } from "../../src/file/source.ts";

/** A folder with these files. It goes with the run's temporary folder. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "weir-file-source-"));
  for (const [name, content] of Object.entries(files)) put(root, name, content);
  return root;
}

export function put(root: string, name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

export interface Reading {
  readonly root?: string;
  readonly files: readonly string[];
  readonly options?: JsonObject;
  readonly config?: JsonObject;
  readonly mode?: "full_refresh" | "incremental";
  readonly state?: readonly SourceState[];
}

/** Reads the one stream `rows`. */
export async function read({ root, files, options, config, mode, state }: Reading): Promise<SourceRead> {
  return readSource(source, {
    config: {
      ...(root === undefined ? {} : { root }),
      streams: [{ name: "rows", files, ...options }],
      ...config,
    },
    mode: mode ?? "full_refresh",
    ...(state === undefined ? {} : { state }),
  });
}

/** Reads one file of this content. */
export async function readText(
  name: string,
  content: string | Uint8Array,
  options: JsonObject = {},
): Promise<SourceRead> {
  return read({ root: folderWith({ [name]: content }), files: [name], options });
}

export function rowsOf(result: SourceRead): readonly JsonObject[] {
  return result.records["rows"] ?? [];
}

export function kindsOf({ catalog }: SourceRead): Readonly<Record<string, unknown>> {
  return (catalog.streams[0]?.json_schema["properties"] ?? {}) as Readonly<Record<string, unknown>>;
}
