import type { FileSourceConfig, FileStream } from "./config.ts";
import { plainBytes } from "./bytes.ts";
import { findFiles, isAddress } from "./files.ts";
import type { FoundFile } from "./found.ts";
import { formatOf, type Format, namedFormat } from "./format.ts";
import { openRoot } from "./local.ts";

/** One stream of the configuration with the files it has now. */
export interface StreamScene {
  readonly config: FileSourceConfig;
  readonly stream: FileStream;
  readonly files: readonly FoundFile[];
  /** The root folder, links resolved; empty where there are addresses only. */
  readonly root: string;
}

export async function sceneOf(
  config: FileSourceConfig,
  stream: FileStream,
  signal: AbortSignal,
): Promise<StreamScene> {
  // Streams of addresses alone need no folder.
  const isLocal = stream.files.some((pattern) => !isAddress(pattern));
  const root = isLocal ? await openRoot(config.root) : { path: "" };
  const files = await findFiles(stream.files, { root, token: config.token, signal });
  return { config, stream, files, root: root.path };
}

/** The format of one file; looks into it only where its name does not tell. */
export async function formatIn(scene: StreamScene, file: FoundFile, signal: AbortSignal): Promise<Format> {
  const { stream, config } = scene;
  const named = namedFormat(stream, file);
  if (named !== undefined) return named;
  for await (const chunk of plainBytes(file, { token: config.token, signal }))
    return formatOf(stream, file, chunk);
  return formatOf(stream, file, new Uint8Array());
}
