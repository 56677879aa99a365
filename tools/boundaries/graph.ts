import { lazyEntry, vendorDrivers } from "./table.ts";
import { resolve, type Workspace } from "./workspace.ts";

/** Cycles of static imports, types included. Each is reported once, from its first file in path order. */
export function checkCycles(workspace: Workspace): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) problems.push(`import cycle: ${[...trail.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of targets(workspace, path, ["static", "type"])) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of [...workspace.files.keys()].toSorted()) visit(path);
  return problems;
}

/** Vendor drivers that load as soon as the connectors' registry does. */
export function checkLazyDrivers(workspace: Workspace): string[] {
  const hasSources = [...workspace.files.keys()].some((path) => path.startsWith("packages/connectors/src/"));
  if (!hasSources) return [];
  if (!workspace.files.has(lazyEntry)) return [`${lazyEntry} is missing: driver loading was not checked`];
  const problems: string[] = [];
  const reached = new Map<string, string | undefined>([[lazyEntry, undefined]]);
  for (const path of reached.keys()) {
    for (const { specifier, kind } of workspace.files.get(path)?.imports ?? []) {
      if (kind !== "static" || !vendorDrivers.some((name) => isFrom(specifier, name))) continue;
      problems.push(`${path}: loads "${specifier}" at start (${trailTo(reached, path)}): use await import()`);
    }
    for (const next of targets(workspace, path, ["static"])) if (!reached.has(next)) reached.set(next, path);
  }
  return problems;
}

function targets(workspace: Workspace, path: string, kinds: readonly string[]): string[] {
  const imports = workspace.files.get(path)?.imports ?? [];
  return imports
    .filter((each) => kinds.includes(each.kind))
    .flatMap((each) => resolve(workspace, path, each.specifier) ?? []);
}

function isFrom(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}

function trailTo(reached: ReadonlyMap<string, string | undefined>, path: string): string {
  const steps: string[] = [];
  for (let at: string | undefined = path; at !== undefined; at = reached.get(at)) steps.unshift(at);
  return steps.join(" -> ");
}
