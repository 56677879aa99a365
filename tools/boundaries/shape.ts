import { posix } from "node:path";
import { forbiddenFolders, forbiddenWords, lineBudget } from "./table.ts";
import type { Workspace } from "./workspace.ts";

export function checkNames(workspace: Workspace): string[] {
  const folders = workspace.folders
    .filter((path) => forbiddenFolders.includes(posix.basename(path)))
    .map((path) => `${path}: a folder is named for what it holds, not "${posix.basename(path)}"`);
  const words = [...workspace.folders, ...workspace.files.keys()].flatMap((path) =>
    wordsOf(posix.basename(path))
      .filter((word) => forbiddenWords.includes(word))
      .map((word) => `${path}: "${word}" in a name says nothing; name the thing`),
  );
  return [...folders, ...words];
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

export function checkLengths(workspace: Workspace): string[] {
  return tooLong(workspace, lineBudget.limit).map(
    ({ path, lines }) => `${path}: ${lines} lines, over the limit of ${lineBudget.limit}: split it`,
  );
}

export function describeLengths(workspace: Workspace): string[] {
  const lengths = written(workspace)
    .map((file) => file.lines)
    .toSorted((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  const notices = tooLong(workspace, lineBudget.notice).map(
    ({ path, lines }) => `notice: ${path}: ${lines} lines`,
  );
  return [
    ...notices,
    `${lengths.length} files, median ${median} lines (target ${lineBudget.median} or fewer)`,
  ];
}

function tooLong(workspace: Workspace, limit: number) {
  return written(workspace).filter((file) => file.lines > limit);
}

function written(workspace: Workspace) {
  return [...workspace.files.values()].filter((file) => !file.generated);
}
