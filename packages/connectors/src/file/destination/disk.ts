import { link, mkdir, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "./failures.ts";

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Makes names in a folder, new and moved ones, as durable as the files. Windows cannot, and does it by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those above it durable, down from `root`, which is there. */
export async function makeFolder(root: string, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let path = folder; path.length >= root.length; path = dirname(path)) {
    await syncFolder(path);
    if (path === root || path === dirname(first)) break;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes a file whole and durable, or says false because there is one already: of several processes at the same moment
 * one wins. `unique` names the temporary file beside it.
 */
export async function createExclusive(path: string, text: string, unique: string): Promise<boolean> {
  const temporary = `${path}.${unique}.tmp`;
  await rm(temporary, { force: true });
  try {
    await writeWhole(temporary, text);
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await syncFolder(dirname(path));
  return true;
}

/** Puts a file in the place of another: after a crash there is one of the two, whole. */
export async function replaceFile(path: string, text: string, unique: string): Promise<void> {
  const temporary = `${path}.${unique}.tmp`;
  await rm(temporary, { force: true });
  await writeWhole(temporary, text);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Files below a folder, as paths relative to it; nothing when it is not there. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    const entries = await readdir(join(folder, relative), { withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    for (const entry of entries) {
      const path = join(relative, entry.name);
      if (entry.isDirectory()) await walk(path);
      else found.push(path);
    }
  };
  await walk("");
  return found.toSorted();
}
