import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/*
 * Files that outlive a crash of the machine: their bytes are synced before their names are, and a name counts only once
 * the folder it stands in is synced.
 */

/** Makes the names in a folder, new, moved and removed ones, durable. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the bytes of a file durable, whoever wrote them. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder, and what is missing above it, durable. */
export async function makeFolder(folder: string): Promise<void> {
  const lowest = resolve(folder);
  const first = await mkdir(lowest, { recursive: true });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let path = lowest; path.length > above.length; path = dirname(path)) await syncFolder(dirname(path));
}

/** Makes a file that is not there yet; its bytes are durable afterwards, its name is not. Throws EEXIST. */
export async function writeNew(
  path: string,
  text: string,
  { mode }: { readonly mode?: number } = {},
): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Puts a file in the place of another, in a folder that is there: after a crash there is one of the two, whole, and once
 * this returns the new one. `draft` is a path beside it that no other call uses meanwhile; what an earlier one left there
 * goes. `mode`: the rights of the new file.
 */
export async function replaceFile(
  path: string,
  text: string,
  { draft, mode }: { readonly draft: string; readonly mode?: number },
): Promise<void> {
  await rm(draft, { force: true });
  try {
    await writeNew(draft, text, mode === undefined ? {} : { mode });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}
