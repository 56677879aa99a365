import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { scope } from "./table.ts";
import { readSource, type SourceFile } from "./source.ts";

export interface Package {
  readonly folder: string;
  readonly name: string;
  /** Public doors: import specifier to the file it opens, relative to the repository. */
  readonly doors: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

export interface Workspace {
  readonly packages: ReadonlyMap<string, Package>;
  readonly rootDependencies: ReadonlySet<string>;
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly folders: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const sourceName = /\.(?:[cm]?ts|[cm]?js)$/;
const skipped = new Set(["node_modules", "coverage", "tmp", ".weir"]);

export function readWorkspace(root: string): Workspace {
  const packages = new Map<string, Package>();
  const files = new Map<string, SourceFile>();
  const folders: string[] = [];
  const walk = (folder: string): void => {
    if (!existsSync(join(root, folder))) return;
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) {
        folders.push(path);
        walk(path);
      } else if (entry.isFile() && sourceName.test(entry.name)) {
        files.set(path, readSource(path, readFileSync(join(root, path), "utf8")));
      }
    }
  };
  walk("packages");
  walk("tools");
  for (const folder of folders) {
    const manifest = join(root, folder, "package.json");
    if (posix.dirname(folder) !== "packages" || !existsSync(manifest)) continue;
    packages.set(posix.basename(folder), readPackage(folder, readManifest(manifest)));
  }
  const own = readManifest(join(root, "package.json"));
  return { packages, files, folders, rootDependencies: names(own.dependencies, own.devDependencies) };
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

function readPackage(folder: string, manifest: Manifest): Package {
  const doors = Object.entries(manifest.exports ?? {}).map(
    ([door, file]) => [posix.join(manifest.name, door), posix.join(folder, file)] as const,
  );
  return {
    folder,
    name: manifest.name,
    doors: new Map(doors),
    dependencies: names(manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies),
    devDependencies: names(manifest.devDependencies),
  };
}

function names(...groups: (Readonly<Record<string, string>> | undefined)[]): Set<string> {
  return new Set(groups.flatMap((group) => Object.keys(group ?? {})));
}

/** The repository file an import opens, or undefined when it leaves the repository or opens nothing. */
export function resolve(workspace: Workspace, from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const path = posix.join(posix.dirname(from), specifier);
    return workspace.files.has(path) ? path : undefined;
  }
  if (!specifier.startsWith(scope)) return undefined;
  for (const each of workspace.packages.values()) {
    const file = each.doors.get(specifier);
    if (file) return file;
  }
  return undefined;
}

export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

export function isTest(path: string): boolean {
  return /^packages\/[^/]+\/test\//.test(path) || /\.test\.[cm]?ts$/.test(path);
}
