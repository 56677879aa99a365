import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder, syncFolder } from "@weir/kit";
import { exists, filesBelow } from "./disk.ts";
import { codeOf, guarded, unusable } from "./failures.ts";
import type { Manifest, Operation } from "./manifest.ts";
import { HIDDEN_SUFFIX, labelOf, shownName } from "./names.ts";
import { type Places, replacedFolder, stagedFolder } from "./places.ts";
import { SCHEMA_FILE } from "./schema-file.ts";

const DAY_MS = 86_400_000;

/** Keeps a folder from being empty: a rename onto it then fails. */
const MARK = "done";

/** Does what a manifest says is committed. Idempotent; several processes may do it at once. */
export async function settle(places: Places, operations: readonly Operation[]): Promise<void> {
  await guarded(places.root, async () => {
    const changed = new Set<string>();
    for (const operation of operations) {
      if (operation.do === "swap") {
        await syncAll(changed);
        await swap(places, operation);
      } else if (operation.do === "move") await move(places, operation, changed);
      else await remove(places, operation.path, changed);
    }
    await syncAll(changed);
  });
}

async function syncAll(folders: Set<string>): Promise<void> {
  for (const folder of folders) await syncFolder(folder);
  folders.clear();
}

async function move(
  { root }: Places,
  { from, to }: Extract<Operation, { readonly do: "move" }>,
  changed: Set<string>,
): Promise<void> {
  const target = join(root, to);
  if (!changed.has(dirname(target))) await makeFolder(dirname(target));
  try {
    await rename(join(root, from), target);
  } catch (error) {
    // Moved already, by whoever did it; a reader of the files may have taken it away since.
    if (codeOf(error) !== "ENOENT") throw error;
  }
  changed.add(dirname(target));
}

async function remove({ root }: Places, path: string, changed: Set<string>): Promise<void> {
  try {
    await unlink(join(root, path));
    changed.add(dirname(join(root, path)));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/**
 * Two renames: a reader sees the whole old table, for a moment none, and then the whole new one. Only the first who takes
 * the old folder away can: where it goes is then not empty any more, and stays so longer than a process can stand still.
 */
async function swap(
  places: Places,
  { id, staged, table }: Extract<Operation, { readonly do: "swap" }>,
): Promise<void> {
  const { root } = places;
  const [fresh, visible] = [join(root, staged), join(root, table)];
  const old = join(root, replacedFolder(places, id));
  if (await exists(fresh)) {
    await showNames(fresh);
    await makeFolder(dirname(old));
    await takeAway(visible, old);
    await writeFile(join(old, MARK), "");
    try {
      await rename(fresh, visible);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOTEMPTY" || code === "EEXIST") throw foreignFiles(visible);
      if (code !== "ENOENT") throw error;
    }
    await syncFolder(root);
  }
  await removeData(old);
}

async function takeAway(visible: string, old: string): Promise<void> {
  try {
    await rename(visible, old);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") await mkdir(old, { recursive: true });
    else if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

/** Files that wait have another ending. */
async function showNames(folder: string): Promise<void> {
  for (const path of await filesBelow(folder)) {
    if (!path.endsWith(HIDDEN_SUFFIX)) continue;
    const to = join(dirname(path), shownName(basename(path)));
    await rename(join(folder, path), join(folder, to)).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
  }
  const folders = new Set((await filesBelow(folder)).map((path) => join(folder, dirname(path))));
  await syncAll(folders.add(folder));
}

/** Removes what Weir wrote. What others laid there stays. */
async function removeData(folder: string): Promise<void> {
  for (const path of await filesBelow(folder)) {
    const name = basename(path);
    if (labelOf(name) !== undefined || name === SCHEMA_FILE) await rm(join(folder, path), { force: true });
  }
  await removeEmptyFolders(folder);
}

async function removeEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    await removeEmptyFolders(path);
    await rmdir(path).catch(() => undefined);
  }
}

/** Removes what no manifest names: transactions of dead processes, loads that began anew, replaced tables. */
export async function sweep(places: Places, manifest: Manifest, own: string, now: number): Promise<void> {
  const { root, hidden, open, manifests } = places;
  for (const name of await names(open)) {
    if (!name.startsWith(own)) await rm(join(open, name), { recursive: true, force: true });
  }
  const named = new Set(manifest.streams.map(({ staged }) => staged));
  for (const operation of manifest.pending) {
    if (operation.do === "swap") named.add(basename(operation.staged));
  }
  for (const name of await names(join(root, stagedFolder(places, "")))) {
    if (!named.has(name)) await rm(join(root, stagedFolder(places, name)), { recursive: true, force: true });
  }
  for (const name of await names(manifests)) {
    if (name.endsWith(".tmp") && !name.includes(own)) await rm(join(manifests, name), { force: true });
  }
  for (const name of await names(join(root, hidden, "replaced"))) {
    const folder = join(root, replacedFolder(places, name));
    await removeData(folder);
    const found = await stat(folder).catch(() => undefined);
    const left = await names(folder);
    if (found === undefined || now - found.mtimeMs < DAY_MS || left.some((each) => each !== MARK)) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
}

export function foreignFiles(path: string, stream?: string): Error {
  return unusable(
    `${path} holds files that this connection did not write: readers of the table would take their rows for its own.`,
    "Move these files elsewhere, or give the stream another namespace or prefix.",
    stream,
  );
}
