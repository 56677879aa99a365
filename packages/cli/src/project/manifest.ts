import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { SourceConnector } from "@weir/protocol";
import type { Endpoint } from "./endpoint.ts";
import { usageError } from "./usage.ts";

/** Megabytes of a manifest's process: a page of 100 MB with its records fits; what asks for more ends, and only it. */
const MEMORY_MB = 1024;

const WEIR = fileURLToPath(new URL("../../bin/weir.js", import.meta.url));

/**
 * A manifest as the executable that Weir makes of it. It is code by a stranger: in a process of its own it can neither read
 * this one's memory nor end it.
 */
export function manifestCommand(path: string): NonNullable<Endpoint["command"]> {
  return {
    argv: [process.execPath, `--max-old-space-size=${MEMORY_MB}`, WEIR, "connector", path],
    env: ["NODE_EXTRA_CA_CERTS"],
  };
}

/** Whether a text given in place of a connector's id names a manifest. */
export function isManifestPath(text: string): boolean {
  return /\.(ya?ml|json)$/i.test(text);
}

/** The source that a manifest describes, in this process. */
export async function loadManifestFile(path: string): Promise<SourceConnector> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw usageError(
      `The manifest ${path} cannot be read (${code}).`,
      "Give the path of a manifest.yaml.",
      "config.manifest_unreadable",
    );
  }
  const { manifestSource } = await import("@weir/manifest");
  return manifestSource(text);
}
