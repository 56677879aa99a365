import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DestinationConnector, SourceConnector } from "@weir/protocol";

export interface FoundConnector {
  /** Name of its folder under packages/connectors/src. */
  readonly folder: string;
  readonly kind: "source" | "destination";
  /** Name of the export. */
  readonly name: string;
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
      if (existsSync(file)) found.push({ folder: entry.name, kind, ...(await load(file, entry.name, kind)) });
    }
  }
  return found.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function rank({ kind, connector }: FoundConnector): string {
  return `${kind === "source" ? 0 : 1} ${connector.id}`;
}

interface Loaded {
  readonly name: string;
  readonly connector: SourceConnector | DestinationConnector;
}

async function load(file: string, folder: string, kind: "source" | "destination"): Promise<Loaded> {
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const found = Object.entries(module).flatMap(([name, value]) =>
    isConnector(value, kind) ? [{ name, connector: value }] : [],
  );
  const [only] = found;
  const id = `${kind}-${folder}`;
  if (only === undefined || found.length > 1)
    throw new Error(`${file} must export one ${kind}, not ${found.length}`);
  if (only.connector.id !== id)
    throw new Error(`${file}: its id must be "${id}", not "${only.connector.id}"`);
  return only;
}

function isConnector(value: unknown, kind: string): value is SourceConnector | DestinationConnector {
  return (
    typeof value === "object" && value !== null && "kind" in value && value.kind === kind && "open" in value
  );
}
