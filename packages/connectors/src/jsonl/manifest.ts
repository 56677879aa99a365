import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder, replaceFile } from "@weir/kit";
import { isObject, type JsonObject, parseJson, stringifyJson } from "@weir/protocol";
import { unusable } from "./folder.ts";

/** What counts in the folder. It is replaced as a whole, so rows and checkpoints are committed by one rename. */
export interface Manifest {
  readonly connection: string;
  /** The checkpoints, as the kit hands them over. */
  readonly document: JsonObject;
  /** Bytes of each file that are committed; what lies behind them is not. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Files whose `.next` is complete and takes their place. */
  readonly replacing: readonly string[];
}

function manifestPath(folder: string): string {
  return join(folder, ".weir", "manifest.json");
}

export async function readManifest(folder: string, connection: string): Promise<Manifest | undefined> {
  const path = manifestPath(folder);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(`${path} cannot be read.`, error);
  }
  const value = parseJson(text);
  if (!isObject(value) || typeof value["connection"] !== "string" || !isObject(value["document"])) {
    throw unusable(`${path} is not a manifest of Weir.`);
  }
  if (value["connection"] !== connection) {
    throw unusable(`${folder} holds the files of connection ${value["connection"]}.`);
  }
  return value as unknown as Manifest;
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(folder);
  await makeFolder(dirname(path));
  await replaceFile(path, `${stringifyJson({ ...manifest })}\n`, { draft: `${path}.next` });
}
