import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DestinationConnector, SourceConnector } from "@weir/protocol";

export interface FoundConnector {
  /** Name of its folder under packages/connectors/src. */
  readonly folder: string;
  readonly kind: "source" | "destination";
  readonly connector: SourceConnector | DestinationConnector;
}

const kinds = ["source", "destination"] as const;

/** Every `source.ts` and `destination.ts` in a folder of its own, loaded, in order of their ids. */
export async function findConnectors(root: string): Promise<readonly FoundConnector[]> {
  const home = join(root, "packages/connectors/src");
  const found: FoundConnector[] = [];
  for (const entry of readdirSync(home, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const kind of kinds) {
      const file = join(home, entry.name, `${kind}.ts`);
      if (existsSync(file))
        found.push({ folder: entry.name, kind, connector: await load(file, entry.name, kind) });
    }
  }
  return found.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function rank({ kind, connector }: FoundConnector): string {
  return `${kind === "source" ? 0 : 1} ${connector.id}`;
}

async function load(file: string, folder: string, kind: "source" | "destination") {
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const connector = module[kind] as SourceConnector | DestinationConnector | undefined;
  const id = `${kind}-${folder}`;
  if (connector === undefined) throw new Error(`${file} has no export named "${kind}"`);
  if (connector.kind !== kind || connector.id !== id) {
    throw new Error(`${file}: the connector must be a ${kind} with the id "${id}", not "${connector.id}"`);
  }
  return connector;
}
