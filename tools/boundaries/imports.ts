import { builtinModules } from "node:module";
import { posix } from "node:path";
import type { Import, SourceFile } from "./source.ts";
import { importTable, scope } from "./table.ts";
import { isTest, packageOf, type Package, type Workspace } from "./workspace.ts";

/** The import table, public doors, declared dependencies, and no relative path into another package. */
export function checkImports(workspace: Workspace): string[] {
  return [...workspace.files.values()].flatMap((file) =>
    file.imports.flatMap((each) => {
      const problem = checkImport(workspace, file, each);
      return problem ? [`${file.path}: ${problem}`] : [];
    }),
  );
}

export function checkTable(workspace: Workspace): string[] {
  return [...workspace.packages.keys()]
    .filter((folder) => !importTable[folder])
    .map((folder) => `packages/${folder}: has no row in the import table (tools/boundaries/table.ts)`);
}

function checkImport(workspace: Workspace, file: SourceFile, each: Import): string | undefined {
  const { specifier } = each;
  if (specifier.startsWith("node:")) return undefined;
  if (builtinModules.includes(specifier)) return `imports "${specifier}": write "node:${specifier}"`;
  if (specifier.startsWith(".")) return checkRelative(file.path, specifier);
  if (specifier.startsWith("/")) return `imports the absolute path "${specifier}"`;
  const owner = workspace.packages.get(packageOf(file.path) ?? "");
  return specifier.startsWith(scope)
    ? (checkDoor(workspace, file.path, specifier) ?? checkDeclared(workspace, owner, file.path, specifier))
    : checkDeclared(workspace, owner, file.path, specifier);
}

function checkRelative(path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  const home = homeOf(path);
  if (target.startsWith(`${home}/`)) return undefined;
  return `imports "${specifier}", outside ${home}: use a public door of the other package`;
}

function homeOf(path: string): string {
  const owner = packageOf(path);
  return owner ? `packages/${owner}` : "tools";
}

function checkDoor(workspace: Workspace, path: string, specifier: string): string | undefined {
  const open = [...workspace.packages.values()].some((each) => each.doors.has(specifier));
  if (!open) return `imports "${specifier}", which is not a public door (see "exports" in its package.json)`;
  const owner = packageOf(path);
  if (!owner) return undefined;
  const rule = importTable[owner];
  if (!rule || rule.source.includes(specifier)) return undefined;
  if (isTest(path) && rule.tests.includes(specifier)) return undefined;
  return `${isTest(path) ? `tests of ${owner}` : owner} may not import "${specifier}"`;
}

function checkDeclared(
  workspace: Workspace,
  owner: Package | undefined,
  path: string,
  specifier: string,
): string | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (!owner) {
    if (specifier.startsWith(scope) || workspace.rootDependencies.has(name)) return undefined;
    return `imports "${name}", which the root package.json does not declare`;
  }
  if (owner.dependencies.has(name) || owner.name === name) return undefined;
  const forTests = owner.devDependencies.has(name) || workspace.rootDependencies.has(name);
  if (forTests && (isTest(path) || isTestKit(path))) return undefined;
  return `imports "${name}", which ${owner.folder}/package.json does not declare`;
}

function isTestKit(path: string): boolean {
  return path.startsWith("packages/kit/src/testing/");
}
