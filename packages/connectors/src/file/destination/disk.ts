import { link, readdir, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder, writeNew } from "@weir/kit";
import { codeOf, noHardLinks } from "./failures.ts";

/** Throws when the system cannot tell: what only seems to be gone must not be taken for done. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

/**
 * Makes a file whole and durable, or says false because there is one already: of several processes at the same moment
 * one wins. Also false where somebody removed the temporary file, which `unique` names, before it had its name: who takes
 * over sweeps.
 */
export async function createExclusive(path: string, text: string, unique: string): Promise<boolean> {
  const temporary = `${path}.${unique}.tmp`;
  await rm(temporary, { force: true });
  let written = false;
  try {
    await writeNew(temporary, text);
    written = true;
    await link(temporary, path).catch((error: unknown) => {
      // What FAT and its kin answer; the file is our own, so that no right is missing.
      const none = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(error) ?? "");
      throw none ? noHardLinks(dirname(path), error) : error;
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" || (code === "ENOENT" && written)) return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await syncFolder(dirname(path));
  return true;
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
